; A frame of megabytes.
; RUN: not %hew ll %s 2>&1 | count 0
; RUN: not %hew ll -O1 %s 2>&1 | count 0
define i32 @main() {
  %p = alloca [3000000 x i8]
  store i8 1, ptr %p
  %x = load i8, ptr %p
  %y = zext i8 %x to i32
  ret i32 %y
}
