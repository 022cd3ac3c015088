; !tbaa gives alias classes: what is stored as an int changes no pointer, chars and what has no tag may be anything, and volatile
; accesses are all made.
; RUN: %hew ll --dump=ir --no-run %s | FileCheck %s
; RUN: %hew ll -O1 %s
define i32 @main() {
  ret i32 0
}
; CHECK: func @apart
; CHECK: class 0 any any
; CHECK: class 1 volatile changing any
; CHECK: class 2 [[PTR:c2_any_pointer]] exact
; CHECK: class 3 [[INT:c3_int]] exact
; CHECK: load.ptr {{.*}} ![[PTR]]
; CHECK-NEXT: store.i32 {{.*}} ![[INT]]
; CHECK-NEXT: ret
define ptr @apart(ptr %p, ptr %q) {
  %a = load ptr, ptr %p, align 8, !tbaa !1
  store i32 5, ptr %q, align 4, !tbaa !4
  %b = load ptr, ptr %p, align 8, !tbaa !1
  %c = icmp eq ptr %a, %b
  %d = select i1 %c, ptr %a, ptr null
  ret ptr %d
}
; CHECK: func @char
; CHECK: load.ptr
; CHECK-NEXT: store.i328u {{.*}} !any
; CHECK-NEXT: load.ptr
define i1 @char(ptr %p, ptr %q) {
  %a = load ptr, ptr %p, align 8, !tbaa !1
  store i8 5, ptr %q, align 1, !tbaa !6
  %b = load ptr, ptr %p, align 8, !tbaa !1
  %c = icmp eq ptr %a, %b
  ret i1 %c
}
; CHECK: func @observed
; CHECK: store.i32 {{.*}} !volatile
; CHECK: store.i32 {{.*}} !volatile
; CHECK: load.i32 {{.*}} !volatile
; CHECK: load.i32 {{.*}} !volatile
; CHECK: load.i32 {{.*}} !volatile
define i32 @observed(ptr %p) {
  store volatile i32 1, ptr %p, align 4, !tbaa !4
  store volatile i32 2, ptr %p, align 4, !tbaa !4
  %a = load volatile i32, ptr %p, align 4, !tbaa !4
  %b = load volatile i32, ptr %p, align 4, !tbaa !4
  %unused = load volatile i32, ptr %p, align 4, !tbaa !4
  %s = sub i32 %a, %b
  ret i32 %s
}
!1 = !{!2, !2, i64 0}
!2 = !{!"any pointer", !3, i64 0}
!3 = !{!"omnipotent char", !9, i64 0}
!4 = !{!5, !5, i64 0}
!5 = !{!"int", !3, i64 0}
!6 = !{!3, !3, i64 0}
!9 = !{!"Simple C/C++ TBAA"}
