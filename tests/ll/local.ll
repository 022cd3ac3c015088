; E3.5: functions of the module alone are run where something still wants them: constructors, tables of addresses, recursion, and code that compares
; addresses. The others get no code.
; RUN: %hew ll %s > %t && FileCheck %s < %t
; RUN: %hew ll -O1 %s | diff %t -
@table = internal constant [2 x ptr] [ptr @twice, ptr @thrice]
@llvm.global_ctors = appending global [1 x { i32, ptr, ptr }] [{ i32, ptr, ptr } { i32 65535, ptr @first, ptr null }]
@text = private constant [9 x i8] c"%ld %ld\0A\00"
@hello = private constant [6 x i8] c"first\00"
declare i32 @printf(ptr, ...)
declare i32 @puts(ptr)
define internal void @first() {
  %r = call i32 @puts(ptr @hello)
  ret void
}
define internal i64 @twice(i64 %x) {
  %r = add i64 %x, %x
  ret i64 %r
}
define internal i64 @thrice(i64 %x) {
  %a = call i64 @twice(i64 %x)
  %r = add i64 %a, %x
  ret i64 %r
}
define internal i64 @sum(i64 %x) {
  %c = icmp eq i64 %x, 0
  br i1 %c, label %end, label %more
more:
  %y = sub i64 %x, 1
  %s = call i64 @sum(i64 %y)
  %t = mul i64 %s, 3
  %r = add i64 %t, %x
  ret i64 %r
end:
  ret i64 0
}
define internal i64 @nobody(i64 %x) {
  ret i64 %x
}
define i32 @main(i32 %argc, ptr %argv) {
  %i = sext i32 %argc to i64
  %p = getelementptr [2 x ptr], ptr @table, i64 0, i64 %i
  %f = load ptr, ptr %p
  %a = call i64 %f(i64 14)
  %same = icmp eq ptr %f, @thrice
  %one = zext i1 %same to i64
  %b = call i64 @sum(i64 5)
  %c = add i64 %b, %one
  %r = call i32 (ptr, ...) @printf(ptr @text, i64 %a, i64 %c)
  ret i32 0
}
; CHECK: first
; CHECK-NEXT: 42 180
