; Copies and fills: short ones in words, all loaded before the first is stored; long ones by the C library; arrays whose length
; is known when the program runs; atomic operations; memory aligned to more than the stack.
; RUN: %hew ll %s | FileCheck %s
; RUN: %hew ll -O1 %s | FileCheck %s
@text = private constant [16 x i8] c"0123456789abcde\00"
@buf = global [80 x i8] zeroinitializer
@cell = global i32 10
@fmt = private constant [16 x i8] c"%d %d %d %d %d\0A\00"
declare i32 @puts(ptr)
declare i32 @printf(ptr, ...)
define i64 @vla(i32 %n) {
  %size = zext i32 %n to i64
  %saved = call ptr @llvm.stacksave.p0()
  %a = alloca i64, i64 %size, align 16
  br label %loop
loop:
  %i = phi i64 [ 0, %0 ], [ %j, %loop ]
  %p = getelementptr i64, ptr %a, i64 %i
  store i64 %i, ptr %p
  %j = add i64 %i, 1
  %c = icmp ult i64 %j, %size
  br i1 %c, label %loop, label %done
done:
  %q = getelementptr i64, ptr %p, i64 -1
  %x = load i64, ptr %q
  call void @llvm.stackrestore.p0(ptr %saved)
  ret i64 %x
}
define i32 @main() {
; CHECK: 0101234567
  call void @llvm.memcpy.p0.p0.i64(ptr @buf, ptr @text, i64 13, i1 false)
  %b2 = getelementptr i8, ptr @buf, i64 2
  call void @llvm.memmove.p0.p0.i64(ptr %b2, ptr @buf, i64 8, i1 false)
  %b10 = getelementptr i8, ptr @buf, i64 10
  store i8 0, ptr %b10
  %r0 = call i32 @puts(ptr @buf)
; CHECK-NEXT: {{^x{70}$}}
  %n = add i64 70, 0
  call void @llvm.memset.p0.i64(ptr @buf, i8 120, i64 70, i1 false)
  %r1 = call i32 @puts(ptr @buf)
; CHECK-NEXT: {{^yyyyyyyyyyyyyyyx{55}$}}
  call void @llvm.memset.p0.i64(ptr @buf, i8 121, i64 15, i1 false)
  %r2 = call i32 @puts(ptr @buf)
; CHECK-NEXT: 98 0 10 15 15
  %v = call i64 @vla(i32 100)
  %v32 = trunc i64 %v to i32
  %al = alloca [4 x i32], align 64
  %ali = ptrtoint ptr %al to i64
  %rest = and i64 %ali, 63
  %rest32 = trunc i64 %rest to i32
  %old = atomicrmw add ptr @cell, i32 5 seq_cst, align 4
  %ex = cmpxchg ptr @cell, i32 15, i32 7 seq_cst monotonic, align 4
  %exv = extractvalue { i32, i1 } %ex, 0
  %ex2 = cmpxchg weak ptr @cell, i32 15, i32 9 acq_rel acquire
  %exs = extractvalue { i32, i1 } %ex2, 1
  %one = zext i1 %exs to i32
  fence seq_cst
  %max = atomicrmw umax ptr @cell, i32 15 monotonic
  %now = load atomic i32, ptr @cell acquire, align 4
  %now2 = add i32 %now, %one
  %r3 = call i32 (ptr, ...) @printf(ptr @fmt, i32 %v32, i32 %rest32, i32 %old, i32 %exv, i32 %now2)
  ret i32 0
}
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
declare ptr @llvm.stacksave.p0()
declare void @llvm.stackrestore.p0(ptr)
