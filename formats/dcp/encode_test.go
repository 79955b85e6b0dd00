package dcp

import (
	"encoding/binary"
	"strings"
)

// encoder writes the pickle of a .metadata, right or wrong.
type encoder struct{ strings.Builder }

func (e *encoder) ops(s ...string) { e.WriteString(strings.Join(s, "")) }

func (e *encoder) text(s string) {
	e.ops("X", string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))), s)
}

func (e *encoder) int(n int64) {
	e.ops("\x8a\x08", string(binary.LittleEndian.AppendUint64(nil, uint64(n))))
}

func (e *encoder) global(module, name string) { e.ops("c", module, "\n", name, "\n") }

func (e *encoder) size(ns []int64) {
	e.global("torch", "Size")
	e.ops("(")
	for _, n := range ns {
		e.int(n)
	}
	e.ops("t\x85R")
}

// object is one with fields: names and what writes their values.
func (e *encoder) object(module, name string, fields ...any) {
	e.global(module, name)
	e.ops(")\x81")
	e.dict(fields...)
	e.ops("b")
}

func (e *encoder) dict(fields ...any) {
	e.ops("}(")
	for i := 0; i < len(fields); i += 2 {
		e.text(fields[i].(string))
		fields[i+1].(func())()
	}
	e.ops("u")
}

const (
	metadataModule = "torch.distributed.checkpoint.metadata"
	storageModule  = "torch.distributed.checkpoint.filesystem"
)

// encoding is what may be written wrong of a metadata.
type encoding struct {
	properties string // opcodes in place of the first tensor's TensorProperties
	transforms bool
}

func (m *metadata) encode(how encoding, offsets map[itemKey][]int64) []byte {
	e := &encoder{}
	e.ops("\x80\x02")
	e.object(metadataModule, "Metadata", "state_dict_metadata", func() {
		var fields []any
		for i, t := range m.tensors {
			fields = append(fields, t.key, func() {
				e.object(metadataModule, "TensorStorageMetadata", "properties", func() {
					if i == 0 && how.properties != "" {
						e.ops(how.properties)
						return
					}
					e.global(metadataModule, "TensorProperties")
					e.ops(")\x81(")
					e.global("torch", map[string]string{"F32": "float32", "BF16": "bfloat16", "I64": "int64", "U8": "uint8", "I32": "int32"}[t.dtype.String()])
					e.ops("tb")
				}, "size", func() { e.size(t.shape) }, "chunks", func() {
					e.ops("](")
					for _, c := range t.chunks {
						e.object(metadataModule, "ChunkStorageMetadata", "offsets", func() { e.size(c.offset) }, "sizes", func() { e.size(c.shape) })
					}
					e.ops("e")
				})
			})
		}
		for _, key := range m.objects {
			fields = append(fields, key, func() { e.global(metadataModule, "BytesStorageMetadata"); e.ops(")\x81") })
		}
		e.dict(fields...)
	}, "storage_data", func() {
		e.ops("}(")
		for _, k := range m.order {
			index := []any{"fqn", func() { e.text(k.key) }}
			if k.tensor {
				index = append(index, "offset", func() { e.size(offsets[k]) })
			}
			e.object(metadataModule, "MetadataIndex", index...)
			l := m.items[k]
			info := []any{"relative_path", func() { e.text(l.path) }, "offset", func() { e.int(l.off) }, "length", func() { e.int(l.length) }}
			if how.transforms {
				info = append(info, "transform_descriptors", func() { e.ops("]"); e.text("stream.zstd/1"); e.ops("a") })
			}
			e.object(storageModule, "_StorageInfo", info...)
		}
		e.ops("u")
	})
	e.ops(".")
	return []byte(e.String())
}
