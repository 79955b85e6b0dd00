package scan

import (
	"strings"
	"testing"
)

func TestClassify(t *testing.T) {
	for kind, names := range map[Kind]string{
		KindTensor: "collections/OrderedDict torch._utils/_rebuild_tensor_v2 torch/FloatStorage torch.cuda/HalfStorage torch.nn.parameter/Parameter " +
			"torch/bfloat16 torch.storage/UntypedStorage __builtin__/set _codecs/encode torch.sparse/FloatTensor",
		KindInert: "numpy/dtype numpy._core.multiarray/_reconstruct pathlib/PosixPath __builtin__/long __builtin__/xrange copy_reg/_reconstructor " +
			"datetime/datetime builtins/ValueError exceptions/KeyError torch/int4 torch.distributed.checkpoint.metadata/Metadata olmo.config/ActivationType " +
			"argparse/Namespace itertools/izip numpy.dtypes/Float64DType torch.tensor/_rebuild_from_type uuid/UUID",
		KindUnknown: "my.package/Model __main__/Args torch.nn.modules.linear/Linear transformers.training_args/TrainingArguments enum/Enum " +
			"logging/getLogger my/Outer.Inner sklearn.svm._classes/SVC omegaconf.dictconfig/DictConfig __torch__.m/Net torch.optim.adamw/AdamW",
		KindDangerous: "os/system posix/system os.path/join __builtin__/eval builtins/exec builtins/getattr sys/modules subprocess/Popen commands/getoutput " +
			"cPickle/loads urllib/urlopen urllib2/urlopen httplib/HTTPSConnection runpy/run_path torch.hub/load torch/load torch.serialization/load " +
			"torch.storage/_load_from_bytes torch._inductor.codecache/compile_file numpy.f2py.crackfortran/getlincoef my/os my/os.system torch/os.system " +
			"pathlib/os.system random/_os.system my/check_output collections/OrderedDict.__init__ my.__globals__/x os\u0020/system builtins/unlisted " +
			"posixpath/os.system types/CodeType logging/FileHandler __builtin__/intern __builtin__/reduce _socket/fromfd fractions/Fraction.__class__ " +
			"zipimport/zipimporter uuid/_popen telnetlib/Telnet smtplib/SMTP dis/dis ast/literal_eval",
	} {
		for _, full := range strings.Split(names, " ") {
			module, name, _ := strings.Cut(full, "/")
			if got := classify(module, name); got.kind != kind {
				t.Errorf("%s %s: found %s (%s), expected %s", module, name, got.kind, got.why, kind)
			}
		}
	}
}

// TestRestrictedNames counts the names that torch 2.6 lists.
func TestRestrictedNames(t *testing.T) {
	if n := len(restrictedNames); n != 128 {
		t.Errorf("found %d names, expected 128", n)
	}
	for name := range restrictedNames {
		if why := families.of(name); why != "" {
			t.Errorf("%s: found %q, expected a name that is in no family", name, why)
		}
	}
}
