package ordjson

import "slices"

// Object is a JSON object that keeps the order of its members. The zero value
// is an empty object. Reading it from several goroutines is safe as long as
// none changes it.
type Object struct {
	members []member
	index   map[string]int // key → position in members; nil while the object is small
}

type member struct {
	key   string
	value any
}

// smallObject is the number of members up to which a search by comparison beats
// a map, in time and in memory.
const smallObject = 12

// Len returns the number of members.
func (o *Object) Len() int { return len(o.members) }

// At returns member i, counted from 0 in the order of the object.
func (o *Object) At(i int) (key string, value any) {
	return o.members[i].key, o.members[i].value
}

// Keys returns the keys in the order of the object.
func (o *Object) Keys() []string {
	keys := make([]string, len(o.members))
	for i, m := range o.members {
		keys[i] = m.key
	}
	return keys
}

// Get returns the value of key, and whether there is one.
func (o *Object) Get(key string) (any, bool) {
	i := o.find(key)
	if i < 0 {
		return nil, false
	}
	return o.members[i].value, true
}

// Set gives key a value: in its old place if the key is there, else at the end.
func (o *Object) Set(key string, value any) {
	if i := o.find(key); i >= 0 {
		o.members[i].value = value
		return
	}
	o.add(key, value)
}

// Delete removes key, if it is there, and keeps the order of the others. It
// takes time in proportion to the size of the object.
func (o *Object) Delete(key string) {
	i := o.find(key)
	if i < 0 {
		return
	}
	o.members = slices.Delete(o.members, i, i+1)
	if o.index == nil {
		return
	}
	delete(o.index, key)
	for ; i < len(o.members); i++ {
		o.index[o.members[i].key] = i
	}
}

func (o *Object) find(key string) int {
	if o.index != nil {
		if i, ok := o.index[key]; ok {
			return i
		}
		return -1
	}
	for i := range o.members {
		if o.members[i].key == key {
			return i
		}
	}
	return -1
}

// add appends a member whose key is known to be new.
func (o *Object) add(key string, value any) {
	o.members = append(o.members, member{key, value})
	switch n := len(o.members); {
	case o.index != nil:
		o.index[key] = n - 1
	case n > smallObject:
		o.index = make(map[string]int, 2*n)
		for i := range o.members {
			o.index[o.members[i].key] = i
		}
	}
}
