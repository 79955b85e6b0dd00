package torch
import ("testing";"os";"fmt";"strings";"time";"runtime")
func TestZZ(t *testing.T){
 for _,p:=range strings.Fields(os.Getenv("ZZ")){
  f,_:=os.Open(p); fi,_:=f.Stat()
  off:=int64(0)
  s:=newScanner(&window{file:p,r:f,base:off,end:fi.Size()})
  t0:=time.Now()
  err:=s.run()
  t1:=time.Now()
  fmt.Println(p,fi.Size(),"ops",s.Ops,"heap",s.heap,"per byte",float64(s.heap)/float64(s.End),err,t1.Sub(t0))
  v,_,err:=ReadPickle(p,f,0,fi.Size())
  var m runtime.MemStats; runtime.GC(); runtime.ReadMemStats(&m)
  fmt.Println(err,time.Since(t1),"live after",m.HeapAlloc, describe(v))
 }
}
