package scan

import "strings"

// stdlib are the modules of Python's standard library, 3.8 to 3.14, and those of
// Python 2 that Python 3 knows no more.
var stdlib = wordsOf(`__future__ _abc _aix_support _ast _asyncio _bisect _blake2 _bootsubprocess _bz2 _codecs _codecs_cn _codecs_hk _codecs_iso2022 _codecs_jp _codecs_kr
	_codecs_tw _collections _collections_abc _compat_pickle _compression _contextvars _crypt _csv _ctypes _curses _curses_panel _datetime _dbm _decimal
	_elementtree _frozen_importlib _frozen_importlib_external _functools _gdbm _hashlib _heapq _imp _io _json _locale _lsprof _lzma _markupbase _md5 _msi
	_multibytecodec _multiprocessing _opcode _operator _osx_support _overlapped _pickle _posixshmem _posixsubprocess _py_abc _pydecimal _pyio _queue
	_random _scproxy _sha1 _sha256 _sha3 _sha512 _signal _sitebuiltins _socket _sqlite3 _sre _ssl _stat _statistics _string _strptime _struct _symtable
	_thread _threading_local _tkinter _tokenize _tracemalloc _typing _uuid _warnings _weakref _weakrefset _winapi _zoneinfo abc aifc antigravity argparse
	array ast asynchat asyncio asyncore atexit audioop base64 bdb binascii bisect builtins bz2 cProfile calendar cgi cgitb chunk cmath cmd code codecs
	codeop collections colorsys compileall concurrent configparser contextlib contextvars copy copyreg crypt csv ctypes curses dataclasses datetime dbm
	decimal difflib dis distutils doctest email encodings ensurepip enum errno faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools gc
	genericpath getopt getpass gettext glob graphlib grp gzip hashlib heapq hmac html http idlelib imaplib imghdr imp importlib inspect io ipaddress
	itertools json keyword lib2to3 linecache locale logging lzma mailbox mailcap marshal math mimetypes mmap modulefinder msilib msvcrt multiprocessing
	netrc nis nntplib nt ntpath nturl2path numbers opcode operator optparse os ossaudiodev pathlib pdb pickle pickletools pipes pkgutil platform plistlib
	poplib posix posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc pydoc_data pyexpat queue quopri random re readline reprlib resource
	rlcompleter runpy sched secrets select selectors shelve shlex shutil signal site smtpd smtplib sndhdr socket socketserver spwd sqlite3 sre_compile
	sre_constants sre_parse ssl stat statistics string stringprep struct subprocess sunau symtable sys sysconfig syslog tabnanny tarfile telnetlib
	tempfile termios textwrap this threading time timeit tkinter token tokenize tomllib trace traceback tracemalloc tty turtle turtledemo types typing
	unicodedata unittest urllib uu uuid venv warnings wave weakref webbrowser winreg winsound wsgiref xdrlib xml xmlrpc zipapp zipfile zipimport zlib
	zoneinfo
	_android_support _apple_support _colorize _elementtree _interpchannels _interpqueues _interpreters _ios_support _opcode_metadata _pyrepl
	_remote_debugging _suggestions _sysconfig _testcapi _testinternalcapi _xxinterpchannels _xxsubinterpreters _zstd annotationlib binhex commands
	compression cPickle macpath popen2 test dummy_threading _dummy_thread _dummy_threading`)

// renamed are the modules that Python 3 gives another name when it reads a
// pickle, and python3Names the names in them.
var renamed = pairsOf(`__builtin__=builtins copy_reg=copyreg Queue=queue SocketServer=socketserver ConfigParser=configparser repr=reprlib tkFileDialog=tkinter.filedialog
	tkSimpleDialog=tkinter.simpledialog tkColorChooser=tkinter.colorchooser tkCommonDialog=tkinter.commondialog Dialog=tkinter.dialog Tkdnd=tkinter.dnd
	tkFont=tkinter.font tkMessageBox=tkinter.messagebox ScrolledText=tkinter.scrolledtext Tkconstants=tkinter.constants Tix=tkinter.tix ttk=tkinter.ttk
	Tkinter=tkinter markupbase=_markupbase _winreg=winreg thread=_thread dummy_thread=_dummy_thread dbhash=dbm.bsd dumbdbm=dbm.dumb dbm=dbm.ndbm
	gdbm=dbm.gnu xmlrpclib=xmlrpc.client SimpleXMLRPCServer=xmlrpc.server httplib=http.client htmlentitydefs=html.entities HTMLParser=html.parser
	Cookie=http.cookies cookielib=http.cookiejar BaseHTTPServer=http.server test.test_support=test.support commands=subprocess urlparse=urllib.parse
	robotparser=urllib.robotparser urllib2=urllib.request anydbm=dbm _abcoll=collections.abc cPickle=pickle _elementtree=xml.etree.ElementTree
	FileDialog=tkinter.filedialog SimpleDialog=tkinter.simpledialog DocXMLRPCServer=xmlrpc.server SimpleHTTPServer=http.server CGIHTTPServer=http.server
	UserDict=collections UserList=collections UserString=collections whichdb=dbm StringIO=io cStringIO=io`)

var python3Names = pairsOf(`__builtin__.xrange=builtins.range __builtin__.reduce=functools.reduce __builtin__.intern=sys.intern __builtin__.unichr=builtins.chr
	__builtin__.unicode=builtins.str __builtin__.long=builtins.int itertools.izip=builtins.zip itertools.imap=builtins.map
	itertools.ifilter=builtins.filter itertools.ifilterfalse=itertools.filterfalse itertools.izip_longest=itertools.zip_longest
	UserDict.IterableUserDict=collections.UserDict UserList.UserList=collections.UserList UserString.UserString=collections.UserString
	whichdb.whichdb=dbm.whichdb _socket.fromfd=socket.fromfd _multiprocessing.Connection=multiprocessing.connection.Connection
	multiprocessing.process.Process=multiprocessing.context.Process multiprocessing.forking.Popen=multiprocessing.popen_fork.Popen
	urllib.ContentTooShortError=urllib.error.ContentTooShortError urllib.getproxies=urllib.request.getproxies
	urllib.pathname2url=urllib.request.pathname2url urllib.quote_plus=urllib.parse.quote_plus urllib.quote=urllib.parse.quote
	urllib.unquote_plus=urllib.parse.unquote_plus urllib.unquote=urllib.parse.unquote urllib.url2pathname=urllib.request.url2pathname
	urllib.urlcleanup=urllib.request.urlcleanup urllib.urlencode=urllib.parse.urlencode urllib.urlopen=urllib.request.urlopen
	urllib.urlretrieve=urllib.request.urlretrieve urllib2.HTTPError=urllib.error.HTTPError urllib2.URLError=urllib.error.URLError
	multiprocessing.AuthenticationError=multiprocessing.context.AuthenticationError multiprocessing.BufferTooShort=multiprocessing.context.BufferTooShort
	multiprocessing.ProcessError=multiprocessing.context.ProcessError multiprocessing.TimeoutError=multiprocessing.context.TimeoutError
	__builtin__.basestring=builtins.str UserDict.UserDict=collections.UserDict socket._socketobject=socket.SocketType`)

// python3 translates a name as Python 3 does for pickles up to protocol 2.
func python3(module, name string) (string, string) {
	if to, ok := python3Names[module+"."+name]; ok {
		i := strings.LastIndexByte(to, '.')
		return to[:i], to[i+1:]
	}
	if module == "exceptions" {
		return "builtins", name
	}
	if module == "torch.tensor" { // torch before 1.7
		return "torch._tensor", name
	}
	if to, ok := renamed[module]; ok {
		return to, name
	}
	return module, name
}

// pairsOf reads words of the form from=to.
func pairsOf(s string) map[string]string {
	m := map[string]string{}
	for _, w := range strings.Fields(s) {
		from, to, _ := strings.Cut(w, "=")
		m[from] = to
	}
	return m
}
