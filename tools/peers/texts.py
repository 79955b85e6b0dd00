"""Varied text out of a seed and what every Python has: the sources of its library and its Unicode data."""
import pathlib
import random
import sysconfig
import unicodedata

SPACES = [chr(c) for c in range(0x110000) if chr(c).isspace()] + ["\u180e", "\u200b", "\u2060", "\ufeff"]
NOTHING = "Cn", "Co", "Cs"  # unassigned, private, surrogates


def scripts():
    """The assigned characters by the first word of their names, which is nearly that of their script."""
    out = {}
    for c in map(chr, range(0x110000)):
        if unicodedata.category(c) not in NOTHING:
            out.setdefault(unicodedata.name(c, "CONTROL").split()[0], []).append(c)
    return {name: chars for name, chars in out.items() if len(chars) >= 8}


class Texts:
    def __init__(self, seed, special):
        """special are texts that are tokens."""
        self.r, self.special, self.by_script = random.Random(seed), list(special), scripts()
        self.categories = {}
        for c in map(chr, range(0x110000)):
            self.categories.setdefault(unicodedata.category(c), []).append(c)

    def all(self):
        """Pairs of a name and its texts, a few megabytes together."""
        yield "code", self.code(800_000)
        for kind, n in (("scripts", 900), ("mixed", 400), ("spaces", 400), ("numbers", 300), ("contractions", 200),
                        ("marks", 300), ("emoji", 200), ("controls", 150), ("right to left", 150), ("any", 400),
                        ("tokens", 500)):
            make = getattr(self, kind.replace(" ", "_"))
            yield kind, [make() for _ in range(n)]
        yield "runs", [unit * n for unit in ("a", " ", "\n", "é", "ab", "!", "1", "\u0301", "한", " \n", "\t ", "模")
                       for n in (1, 2, 3, 30, 31, 1000, 100_000)]
        yield "edges", ["", " ", "\n", "'", "'s", " 's", "'S", "'ſ", "a'", "\0", "\r", "\r\n", "\ud7ff\ue000", "\U0010ffff"]

    def code(self, size):
        """Sources of the library, each from some line on."""
        files = sorted(pathlib.Path(sysconfig.get_path("stdlib")).glob("*.py"))
        self.r.shuffle(files)
        out = []
        while files and size > 0:
            text = files.pop().read_text(encoding="utf-8")
            out.append(text[self.r.randrange(len(text) // 2 + 1):][:60_000])
            size -= len(out[-1])
        return out

    def pick(self, chars, most):
        return "".join(self.r.choice(chars) for _ in range(self.r.randint(1, most)))

    def words(self, chars, n=40):
        return "".join(self.pick(chars, 9) + self.r.choice((" ", " ", " ", ", ", ". ", "\n", "-", "'")) for _ in range(n))

    def scripts_of(self, n):
        return [self.by_script[name] for name in self.r.sample(sorted(self.by_script), n)]

    def category(self, *names):
        return [c for name in names for c in self.categories.get(name, ())]

    def scripts(self):
        return self.words(*self.scripts_of(1))

    def mixed(self):
        return "".join(self.words(chars, 6) for chars in self.scripts_of(8))

    def spaces(self):
        few = self.r.sample(SPACES, 3) + [" ", " ", "\n", "\r"]
        return "".join(self.pick(few, 12) + self.r.choice(("", "word", "7", "!", "é", "\u0301")) for _ in range(40))

    def numbers(self):
        chars = self.r.choice((self.category("Nd"), self.category("Nl", "No"), list("0123456789"), list("0123456789.,eE+- ")))
        return "".join(self.pick(chars, 12) + self.r.choice((" ", "", "x", ".", "\n")) for _ in range(40))

    def contractions(self):
        after = ["s", "t", "re", "ve", "m", "ll", "d", "S", "T", "RE", "vE", "M", "lL", "D", "ſ", "K", "x", "r", "l", "", " s", "\u0301"]
        return "".join(self.r.choice(("it", "DON", "é", "7", "", " ", "_", "模")) + self.r.choice("''''’ʼ`") + self.r.choice(after)
                       + self.r.choice((" ", "", "\n", "ing")) for _ in range(60))

    def marks(self):
        marks, letters = self.category("Mn", "Mc", "Me"), self.category("Ll", "Lo")
        few = self.r.sample(marks, 12)
        return "".join(self.r.choice((self.r.choice(letters), "e", "ñ", " ", "1", "한", "ㅏ", "ᄀ", "ᅡ", "ᆨ", "<", ">", "="))
                       + self.pick(self.r.choice((few, marks)), 6) for _ in range(40))

    def emoji(self):
        base = [c for c in self.category("So") if ord(c) > 0x1F000]
        joint = ("", "", "\u200d", "\ufe0f", "\U0001f3fd", "\u20e3", " ", "\U0001f1e9\U0001f1ea")
        return "".join(self.r.choice(base) + self.r.choice(joint) for _ in range(60))

    def controls(self):
        return self.words(self.category("Cc", "Cf") + list("ab \n"), 20)

    def right_to_left(self):
        chars = [c for name in ("ARABIC", "HEBREW", "SYRIAC", "THAANA", "NKO") for c in self.by_script.get(name, ())]
        return "\u202b" + self.words(chars + list("\u200e\u200f\u061c"), 30) + "\u202c"

    def any(self):
        return "".join(chr(c) for c in (self.r.randrange(0x110000) for _ in range(150)) if not 0xD800 <= c <= 0xDFFF)

    def tokens(self):
        """Text with tokens in it, whole, broken and beside each other."""
        def one():
            t = self.r.choice(self.special)
            i = self.r.randrange(len(t))
            return self.r.choice((t, t, t, t[:i], t[i:], t[:i] + " " + t[i:], t.upper(), t + t[i:]))
        glue = ("", "", " ", "  ", "\n", "word", "|", "<", "\u0301", "\u0338", " " * 30, "12")
        return "".join(one() + self.r.choice(glue) for _ in range(30))
