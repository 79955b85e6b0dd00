"""What a merge should be, and which of two comes nearer."""
import torch


class Comparison:
    """Elements of two merges, ours and another's, beside the truth in float64."""

    def __init__(self):
        self.n = self.differ = self.nearer = self.farther = self.wrong = self.other_wrong = 0
        self.other_most = 0.0  # as a share of the tensor's largest element

    def add(self, ours, theirs, truth, at):
        """Elements for which at is true."""
        ours, theirs, truth = ours[at], theirs[at], truth[at]
        if truth.numel() == 0:
            return
        a, b = ((t.double() - truth).abs() for t in (ours, theirs))
        self.n += truth.numel()
        self.differ += (ours != theirs).sum().item()
        self.nearer += (a < b).sum().item()
        self.farther += (a > b).sum().item()
        self.wrong += misrounded(ours, truth)
        self.other_wrong += misrounded(theirs, truth)
        if (largest := truth.abs().max().item()) > 0:
            self.other_most = max(self.other_most, b.max().item() / largest)

    def __str__(self):
        def share(n):
            return f"{100 * n / max(self.n, 1):.3g} %"
        right = "equal" if not self.differ else (
            f"{share(self.differ)} differ, ours nearer to the truth in {self.nearer}, mergekit's in {self.farther}, neither in"
            f" {self.differ - self.nearer - self.farther}")
        return (f"{right}; wrongly rounded: ours {share(self.wrong)}, mergekit's {share(self.other_wrong)},"
                f" by up to {self.other_most:.2g} of the largest")


def misrounded(got, truth):
    """How many are not the number nearest to the truth. What is half way between two may be either."""
    below, above = (torch.nextafter(got, torch.full_like(got, to)).double() for to in (-torch.inf, torch.inf))
    exact, slack = got.double(), 1e-6 * (above - below)
    return ((truth < (below + exact) / 2 - slack) | (truth > (exact + above) / 2 + slack)).sum().item()


def certain(m, models, base):
    """The elements that no cut touches: of those with the magnitude of one, it is not said which are kept."""
    differences = [(x.double() - base.double()).abs() for x in models] if base is not None else []
    out = torch.ones(models[0].shape, dtype=torch.bool)
    for i, d in enumerate(differences):
        ordered, n = d.flatten().sort().values, d.numel()
        if m.method == "ties":
            cuts = {n - int(m.per_model["density"][i] * n)}
        elif m.method.startswith("breadcrumbs"):
            kept, top = (int(m.per_model[k][i] * n) for k in ("density", "gamma"))
            cuts = {n - kept - top, n - top}
        else:
            continue
        for c in cuts:
            for v in {ordered[max(c - 1, 0)], ordered[min(c, n - 1)]}:
                out &= d != v
    return out


def linear(models, weight):
    """The weighted mean; with weights that are tenths, whole numbers of them, nothing is rounded but the quotient."""
    tenths = [round(10 * w) for w in weight]
    return sum(w * x.double() for w, x in zip(tenths, models)) / sum(tenths)


def ramplus(models, base, epsilon, r=0.1, alpha=0.2):
    """The formula of ramplus_tl: mergekit divides numbers of elements in float32 whatever the tensors are."""
    d = torch.stack([x.double() - base.double() for x in models])
    changed = d.abs() > epsilon
    count = changed.sum(0)
    alone = changed & (count == 1)
    shared, unique = ((z.flatten(1).sum(1)).double() for z in (changed & ~alone, alone))
    scale = 1 + r * (shared / unique.clamp(min=epsilon)).clamp(0, alpha)
    scale = scale.reshape(-1, *[1] * base.dim())
    return base.double() + (d * alone * scale + d * (changed & ~alone) / count.clamp(min=1)).sum(0)
