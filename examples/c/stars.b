A triangle of stars in brainf***

+++++++++               cell 0: nine rows to go
>++++++[>+++++++<-]     cell 2: 6 times 7 is a star
>>++++++++++            cell 3: the end of a line
<<<
[
  >>>>+                 cell 4: the next row has one star more
  [>+>+<<-]             copied to cells 5 and 6
  >>[<<+>>-]            and back from 6
  <[<<<.>>>-]           so many stars
  <<.                   the end of the line
  <<<-                  one row less to go
]
