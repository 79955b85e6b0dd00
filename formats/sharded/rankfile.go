package sharded

import (
	"fmt"

	"olmotool/formats"
	"olmotool/formats/torch"
)

// rankFile is the file of one rank, of which the pickle was read.
type rankFile struct {
	*torch.File
	rank int64
	root *torch.Dict
}

// open reads the pickle of a rank.
func (r *ranks) open(rank int64) (*rankFile, error) {
	f, err := r.pool.Get(r.name(rank))
	if err != nil {
		return nil, err
	}
	x, err := torch.OpenAt(f, f.Size, f.Path)
	if err != nil {
		return nil, err
	}
	root, ok := x.Root.(*torch.Dict)
	if !ok {
		return nil, formats.Errorf(f.Path, "", "found no dict, expected the state of a rank")
	}
	return &rankFile{x, rank, root}, nil
}

// found gathers what the files tell beside their tensors.
type found struct {
	list []formats.Finding
	by   map[string]*told
}

type told struct {
	at    int // in list
	files int
}

// ownClasses are the classes that the pickles of ranks are made of, beside
// torch's for tensors. getattr fetches a member of an enumeration or a class
// within another; which, is a global of its own.
var ownClasses = map[string]bool{
	"builtins.getattr":    true,
	"__builtin__.getattr": true,
	"torch.distributed._shard.sharded_tensor.api.ShardedTensor":                    true,
	"torch.distributed._shard.sharded_tensor.shard.Shard":                          true,
	"torch.distributed._shard.sharded_tensor.metadata.ShardedTensorMetadata":       true,
	"torch.distributed._shard.sharded_tensor.metadata.TensorProperties":            true,
	"torch.distributed._shard.sharded_tensor.metadata.MEM_FORMAT_ENCODING":         true,
	"torch.distributed._shard.metadata.ShardMetadata":                              true,
	"torch.distributed._shard.sharding_spec.api.EnumerableShardingSpec":            true,
	"torch.distributed._shard.sharding_spec.chunk_sharding_spec.ChunkShardingSpec": true,
	"torch.distributed.remote_device._remote_device":                               true,
	"torch.distributed.fsdp.flat_param._ShardParamInfo":                            true,
	"torch.distributed.fsdp._flat_param._ShardParamInfo":                           true,
}

// add keeps what would make a reader careful, once for all files. That sharded
// tensors have no data of their own is known here, and so are their classes.
func (l *found) add(f *torch.File) {
	seen := map[string]bool{}
	for _, x := range f.Findings {
		if x.Severity == formats.Info || x.Code == "unsupported-tensor" || x.Code == "unknown-global" {
			continue
		}
		l.note(seen, f.Path, x.Severity, x.Code, x.Message)
	}
	for i := range f.Scan.Globals {
		if g := &f.Scan.Globals[i]; !g.Known() && !ownClasses[g.String()] {
			name := fmt.Sprintf("%.200q", g)
			if g.Computed {
				name = "a name that the pickle computes"
			}
			l.note(seen, f.Path, formats.Warning, "unknown-global", fmt.Sprintf("found %s, left inert", name))
		}
	}
}

func (l *found) note(seen map[string]bool, file string, s formats.Severity, code, message string) {
	key := code
	if code == "unknown-global" {
		key += message
	}
	if seen[key] {
		return // in this file
	}
	seen[key] = true
	if l.by == nil {
		l.by = map[string]*told{}
	}
	if t, ok := l.by[key]; ok {
		t.files++
		return
	}
	if len(l.list) == maxListed {
		return
	}
	l.by[key] = &told{len(l.list), 1}
	l.list = append(l.list, formats.Finding{Severity: s, Code: code, Where: file, Message: message})
}

// findings returns them, each with the number of files that it is true of.
func (l *found) findings() []formats.Finding {
	for _, t := range l.by {
		if t.files > 1 {
			l.list[t.at].Message += fmt.Sprintf(" (and so in %d more files)", t.files-1)
		}
	}
	return l.list
}
