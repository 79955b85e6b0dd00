package scan

// use is a global as a pickle uses it.
type use struct {
	Global
	class class
	fine  int  // calls that are harmless although the function is not
	bad   bool // something was done with it that shows what it is for
}

type useKey struct{ module, name, via string }

// settle sets the kind of a global when all its uses are known.
func (u *use) settle() {
	u.Kind, u.Why = u.class.kind, u.class.why
	if u.class.guard != noGuard && !u.bad && u.fine > 0 && u.fine == u.Called && u.Argument == 0 {
		u.Kind, u.Why = u.class.guarded, ""
	}
	if u.bad && u.Kind < KindDangerous {
		u.Kind, u.Why = KindDangerous, "its own attributes are set"
	}
}

// global notes a reference to a global.
func (m *machine) global(via, module, name string) operand {
	key := useKey{module, name, via}
	i, ok := m.byName[key]
	if !ok {
		if len(m.uses) >= maxGlobals {
			m.broken("found more than %d different globals, expected fewer", maxGlobals)
		}
		i = int64(len(m.uses))
		u := &use{Global: Global{Offset: m.pos, Module: module, Name: name, Via: via}}
		if via == "GLOBAL" || via == "INST" || via == "STACK_GLOBAL" {
			u.class = classify(module, name)
		} else {
			u.class = class{kind: KindUnknown, name: "extension " + name}
		}
		m.uses = append(m.uses, u)
		m.byName[key] = i
		m.joblib = m.joblib || u.class.name == joblibArray
	}
	u := m.uses[i]
	u.Count++
	if !u.class.restricted && m.refused == "" {
		m.refuse("global %s", u.class.name)
	}
	return operand{kind: isGlobal, ref: i}
}

// stackGlobal pushes the global whose module and name lie on the stack.
func (m *machine) stackGlobal() {
	name, module := m.pop(), m.pop()
	for _, o := range []operand{module, name} {
		switch o.kind {
		case isText:
		case isBytes:
			m.broken("STACK_GLOBAL: found bytes, expected texts")
		default:
			if o.kind != isObject && o.kind != isPersistent {
				m.broken("STACK_GLOBAL: found %s, expected texts", o.kind)
			}
			g := m.global("STACK_GLOBAL", "?", "?")
			m.uses[g.ref].class = class{kind: KindDangerous, name: "?", why: "a name that the pickle computes"}
			m.push(g)
			return
		}
	}
	m.push(m.global("STACK_GLOBAL", m.text(module), m.text(name)))
}

// useOf returns the use of the global that a value is or was made by, or nil.
func (m *machine) useOf(o operand) *use {
	if (o.kind == isGlobal || o.kind == isObject) && o.ref >= 0 && o.ref < int64(len(m.uses)) {
		return m.uses[o.ref]
	}
	return nil
}

// arguments notes which globals are put into something.
func (m *machine) arguments(items []operand) {
	for _, o := range items {
		m.handed(o)
	}
}

func (m *machine) handed(o operand) {
	if o.kind != isGlobal {
		return
	}
	if u := m.useOf(o); u != nil {
		u.Argument++
	}
}

// call notes a call and pushes what it returns.
func (m *machine) call(op string, callee, args operand) {
	u := m.useOf(callee)
	switch callee.kind {
	case isGlobal:
		u.Called++
		if op == "REDUCE" || op == "NEWOBJ" {
			if !u.class.restricted && m.refused == "" {
				m.refuse("call of %s", u.class.name)
			}
		}
		m.guard(u, args)
		if u.Preview == "" && u.class.kind >= KindUnknown {
			u.Preview = m.preview(args)
		}
		if u.class.loads && args.items != nil {
			m.loaded(*args.items)
		}
	case isObject, isPersistent:
		m.refuse("call of what a call returned")
		m.remark("calls-result", "found a call of what another call returned, whatever that is")
		if u != nil {
			u.bad = u.bad || u.class.guard != noGuard
		}
	case isUnknown:
	default:
		m.broken("%s: found %s, expected a class or function to call", op, callee.kind)
	}
	switch args.kind {
	case isTuple, isUnknown:
	case isObject:
		m.refuse("arguments made by a call")
	default:
		m.broken("%s: found %s as arguments, expected a tuple", op, args.kind)
	}
	out := operand{kind: isObject, ref: -1, items: args.items}
	if u != nil {
		out.ref = callee.ref
	}
	m.push(out)
}

// guard looks whether a call of a function that could do anything does what
// pickles of plain values do with it.
func (m *machine) guard(u *use, args operand) {
	if u.class.guard == noGuard || args.items == nil || args.kind != isTuple {
		return
	}
	items := *args.items
	switch u.class.guard {
	case guardType: // type(x) is the class of x; type(name, bases, members) makes one
		if len(items) == 1 {
			u.fine++
		}
	case guardGetattr: // Python 3.11 wrote members of enumerations so
		if len(items) != 2 || items[0].kind != isGlobal || items[1].kind != isText {
			return
		}
		of, member := m.useOf(items[0]), m.text(items[1])
		if of.class.kind == KindDangerous || !isPlainName(member) || runsCode[member] {
			return
		}
		u.fine++
		u.class.guarded = max(u.class.guarded, KindInert, of.class.kind)
	}
}

// build gives a state to the top of the stack, and returns where the next
// opcode begins.
func (m *machine) build(next int64) int64 {
	state := m.pop()
	m.handed(state)
	to := m.top()
	u := m.useOf(to)
	switch to.kind {
	case isGlobal:
		u.bad = true
		m.refuse("BUILD of a global")
		m.remark("build-on-global", "found attributes set of %s itself, not of an instance", u.class.name)
	case isObject:
		if u == nil || !u.class.restricted {
			m.refuse("BUILD of an object of no class that is taken")
		}
		if u == nil {
			break
		}
		u.Built++
		if u.class.name == joblibArray {
			return m.joblibArray(next, state)
		}
	case isPersistent, isUnknown:
		m.refuse("BUILD of %s", to.kind)
	default:
		m.broken("BUILD: found %s, expected an object to give a state to", to.kind)
	}
	return next
}

// persistent pushes an object outside of the pickle.
func (m *machine) persistent(id operand) {
	m.push(operand{kind: isPersistent, ref: -1})
	m.handed(id)
	if id.kind != isTuple || id.items == nil || len(*id.items) == 0 || m.text((*id.items)[0]) != "storage" {
		m.refuse("a persistent object that is no storage")
		return
	}
	items := *id.items
	if len(items) < 5 {
		m.refuse("a storage of %d parts", len(items))
		return
	}
	size := int64(0)
	if u := m.useOf(items[1]); u != nil {
		size = storageBytes[u.class.name]
	}
	if len(m.storages) < maxStorages {
		m.storages[m.text(items[2])] = size
	}
}

// loaded looks at what is handed to a function that loads pickles.
func (m *machine) loaded(items []operand) {
	for _, o := range items {
		if (o.kind == isText || o.kind == isBytes) && o.n > 1 && o.ref >= 0 {
			m.nest(span{at: o.ref, n: int64(o.n), esc: o.esc, probe: true})
		}
	}
}
