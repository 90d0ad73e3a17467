"""The thread pool in LLVM IR; words in capitals stand for what `thread_pool.py` puts in their place."""

from __future__ import annotations

# The fields of @pool, each on its own lines of the cache:
#   0    busy: 1 while a call has the pool
#   64   workers: how many threads there are
#   128  calls: counts them; what idle workers wait for           132  sleepers: how many of them sleep
#   192  left: chunks not yet done; what the caller sleeps on     196  waits: 1 while it may do so
#   256  task              264  context             272  places: the number of ranges below in use
#   320  a range for every thread, the caller's first, 64 bytes each: end << 32 | next. Those chunks are
#        not yet taken; the thread takes them from the front, and others, when they have none, from the
#        back. So each has the same part of the memory in one nest after the other.
# Whoever has taken a chunk knows that the call lasts until it is done. So what the pool holds of the call
# is read after that; a range that was read before is no longer the same if the call is over.
POOL = """
@gradir_threads = external global i64
@pool = internal global [SIZE x i8] zeroinitializer, align 64
@busy = internal alias i32, ptr @pool
@workers = internal alias i64, getelementptr (i8, ptr @pool, i64 64)
@calls = internal alias i32, getelementptr (i8, ptr @pool, i64 128)
@sleepers = internal alias i32, getelementptr (i8, ptr @pool, i64 132)
@left = internal alias i32, getelementptr (i8, ptr @pool, i64 192)
@waits = internal alias i32, getelementptr (i8, ptr @pool, i64 196)
@task = internal alias ptr, getelementptr (i8, ptr @pool, i64 256)
@context = internal alias ptr, getelementptr (i8, ptr @pool, i64 264)
@places = internal alias i64, getelementptr (i8, ptr @pool, i64 272)
@ranges = internal alias i64, getelementptr (i8, ptr @pool, i64 320)

declare void @PAUSE
declare i64 @syscall(i64, ...)
declare i32 @pthread_create(ptr, ptr, ptr, ptr)
declare i32 @pthread_detach(i64)
declare i32 @pthread_sigmask(i32, ptr, ptr)
declare i32 @sigfillset(ptr)
declare i32 @sigdelset(ptr, i32)
declare i64 @llvm.umin.i64(i64, i64)

define internal void @sleep(ptr %word, i32 %while) {
  call i64 (i64, ...) @syscall(i64 FUTEX, ptr %word, i32 128, i32 %while, ptr null, ptr null, i32 0)
  ret void
}

define internal void @wake(ptr %word, i32 %count) {
  call i64 (i64, ...) @syscall(i64 FUTEX, ptr %word, i32 129, i32 %count, ptr null, ptr null, i32 0)
  ret void
}

; Take the first or the last chunk of a range: its number, or -1 where there is none.
define internal i64 @take_of(i64 %place, i1 %first) {
entry:
  %range = getelementptr [64 x i8], ptr @ranges, i64 %place
  %given = load atomic i64, ptr %range seq_cst, align 8
  %less = select i1 %first, i64 -1, i64 4294967296
  br label %look
look:
  %both = phi i64 [ %given, %entry ], [ %now, %try ]
  %next = and i64 %both, 4294967295
  %end = lshr i64 %both, 32
  %some = icmp ult i64 %next, %end
  br i1 %some, label %try, label %none
try:
  %rest = sub i64 %both, %less
  %pair = cmpxchg ptr %range, i64 %both, i64 %rest seq_cst seq_cst
  %now = extractvalue { i64, i1 } %pair, 0
  %won = extractvalue { i64, i1 } %pair, 1
  br i1 %won, label %mine, label %look
mine:
  %last = sub i64 %end, 1
  %number = select i1 %first, i64 %next, i64 %last
  ret i64 %number
none:
  ret i64 -1
}

; Take a chunk of one's own, or else of another's.
define internal i64 @take(i64 %place) {
entry:
  %own = call i64 @take_of(i64 %place, i1 1)
  %places = load i64, ptr @places
  br label %look
look:
  %k = phi i64 [ 0, %entry ], [ %next, %other ]
  %chunk = phi i64 [ %own, %entry ], [ %taken, %other ]
  %found = icmp sge i64 %chunk, 0
  %all = icmp uge i64 %k, %places
  %over = or i1 %found, %all
  br i1 %over, label %done, label %other
other:
  %next = add i64 %k, 1
  %sum = add i64 %place, %next
  %whose = urem i64 %sum, %places
  %taken = call i64 @take_of(i64 %whose, i1 0)
  br label %look
done:
  ret i64 %chunk
}

; Do a chunk; whoever does the last one wakes the caller.
define internal void @do(i64 %number) {
entry:
  %task = load ptr, ptr @task
  %context = load ptr, ptr @context
  %end = add i64 %number, 1
  call void %task(ptr %context, i64 %number, i64 %end)
  %left = atomicrmw sub ptr @left, i32 1 seq_cst
  %last = icmp eq i32 %left, 1
  br i1 %last, label %over, label %done
over:
  %waits = load atomic i32, ptr @waits seq_cst, align 4
  %asleep = icmp ne i32 %waits, 0
  br i1 %asleep, label %call, label %done
call:
  call void @wake(ptr @left, i32 1)
  br label %done
done:
  ret void
}

; A worker waits for a call to begin, awake for a while, then asleep. Those that are more than the threads
; that are wanted now leave the work to the others.
define internal ptr @work(ptr %self) {
entry:
  %place = ptrtoint ptr %self to i64
  br label %look
look:
  %seen = phi i32 [ 0, %entry ], [ %seen, %pause ], [ %seen, %rest ], [ %calls, %new ], [ %calls, %turn ]
  %spins = phi i64 [ 0, %entry ], [ %more, %pause ], [ 0, %rest ], [ SPINS, %new ], [ 0, %turn ]
  %calls = load atomic i32, ptr @calls seq_cst, align 4
  %old = icmp eq i32 %calls, %seen
  br i1 %old, label %idle, label %new
idle:
  %more = add i64 %spins, 1
  %again = icmp ult i64 %more, SPINS
  br i1 %again, label %pause, label %rest
pause:
  call void @PAUSE
  br label %look
rest:
  atomicrmw add ptr @sleepers, i32 1 seq_cst
  call void @sleep(ptr @calls, i32 %seen)
  atomicrmw sub ptr @sleepers, i32 1 seq_cst
  br label %look
new:
  %threads = load atomic i64, ptr @gradir_threads monotonic, align 8
  %wanted = icmp ult i64 %place, %threads
  br i1 %wanted, label %turn, label %look
turn:
  %chunk = call i64 @take(i64 %place)
  %some = icmp sge i64 %chunk, 0
  br i1 %some, label %have, label %look
have:
  call void @do(i64 %chunk)
  br label %turn
}

; Signals are for the interpreter's threads, but for those that tell of an error in the code itself.
define internal void @hire(i64 %wanted) {
entry:
  %all = alloca [128 x i8], align 16
  %before = alloca [128 x i8], align 16
  %thread = alloca i64
  %there = load i64, ptr @workers
  %enough = icmp uge i64 %there, %wanted
  br i1 %enough, label %done, label %begin
begin:
  call i32 @sigfillset(ptr %all)
  call i32 @sigdelset(ptr %all, i32 4)
  call i32 @sigdelset(ptr %all, i32 7)
  call i32 @sigdelset(ptr %all, i32 8)
  call i32 @sigdelset(ptr %all, i32 11)
  call i32 @pthread_sigmask(i32 2, ptr %all, ptr %before)
  br label %another
another:
  %now = phi i64 [ %there, %begin ], [ %more, %hired ]
  %more = add i64 %now, 1
  %self = inttoptr i64 %more to ptr
  %failed = call i32 @pthread_create(ptr %thread, ptr null, ptr @work, ptr %self)
  %ok = icmp eq i32 %failed, 0
  br i1 %ok, label %hired, label %end
hired:
  %id = load i64, ptr %thread
  call i32 @pthread_detach(i64 %id)
  store i64 %more, ptr @workers
  %go = icmp ult i64 %more, %wanted
  br i1 %go, label %another, label %end
end:
  call i32 @pthread_sigmask(i32 2, ptr %before, ptr null)
  br label %done
done:
  ret void
}

; Give every thread its range: the k-th of n begins at k * chunks / n.
define internal void @share(i64 %chunks, i64 %places) {
entry:
  store i64 %places, ptr @places
  br label %next
next:
  %place = phi i64 [ 0, %entry ], [ %after, %next ]
  %begin = phi i64 [ 0, %entry ], [ %end, %next ]
  %after = add i64 %place, 1
  %part = mul i64 %after, %chunks
  %end = udiv i64 %part, %places
  %high = shl i64 %end, 32
  %both = or i64 %high, %begin
  %range = getelementptr [64 x i8], ptr @ranges, i64 %place
  store atomic i64 %both, ptr %range seq_cst, align 8
  %more = icmp ult i64 %after, %places
  br i1 %more, label %next, label %done
done:
  ret void
}

define void @PARALLEL(ptr %task, ptr %context, i64 %chunks) {
entry:
  %threads = load i64, ptr @gradir_threads
  %places = call i64 @llvm.umin.i64(i64 %threads, i64 %chunks)
  %several = icmp ugt i64 %places, 1
  br i1 %several, label %ask, label %alone
ask:
  %pair = cmpxchg ptr @busy, i32 0, i32 1 acquire monotonic
  %free = extractvalue { i32, i1 } %pair, 1
  br i1 %free, label %mine, label %alone
mine:
  %helpers = sub i64 %places, 1
  call void @hire(i64 %helpers)
  store ptr %task, ptr @task
  store ptr %context, ptr @context
  %count = trunc i64 %chunks to i32
  store atomic i32 %count, ptr @left monotonic, align 4
  store atomic i32 0, ptr @waits monotonic, align 4
  call void @share(i64 %chunks, i64 %places)
  atomicrmw add ptr @calls, i32 1 seq_cst
  %sleepers = load atomic i32, ptr @sleepers seq_cst, align 4
  %some = icmp ne i32 %sleepers, 0
  br i1 %some, label %rouse, label %turn
rouse:
  %workers = load i64, ptr @workers
  %surplus = icmp uge i64 %workers, %threads
  %number = select i1 %surplus, i64 %workers, i64 %helpers
  %many = trunc i64 %number to i32
  call void @wake(ptr @calls, i32 %many)
  br label %turn
turn:
  %chunk = call i64 @take(i64 0)
  %goes = icmp sge i64 %chunk, 0
  br i1 %goes, label %own, label %look
own:
  call void @do(i64 %chunk)
  br label %turn
look:
  %spins = phi i64 [ 0, %turn ], [ %more, %pause ]
  %left = load atomic i32, ptr @left acquire, align 4
  %over = icmp eq i32 %left, 0
  br i1 %over, label %done, label %spin
spin:
  %more = add i64 %spins, 1
  %again = icmp ult i64 %more, SPINS
  br i1 %again, label %pause, label %wait
pause:
  call void @PAUSE
  br label %look
wait:
  store atomic i32 1, ptr @waits seq_cst, align 4
  br label %still
still:
  %rest = load atomic i32, ptr @left seq_cst, align 4
  %end = icmp eq i32 %rest, 0
  br i1 %end, label %done, label %lie
lie:
  call void @sleep(ptr @left, i32 %rest)
  br label %still
done:
  store atomic i32 0, ptr @busy release, align 4
  ret void
alone:
  call void %task(ptr %context, i64 0, i64 %chunks)
  ret void
}

; In the child of a fork: it has none of the threads, and nobody is in the pool.
define void @forget() {
  call void @llvm.memset.p0.i64(ptr @pool, i8 0, i64 SIZE, i1 false)
  ret void
}
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
"""

# Where there is no pool.
ALONE = """
define void @PARALLEL(ptr %task, ptr %context, i64 %chunks) {
  call void %task(ptr %context, i64 0, i64 %chunks)
  ret void
}
"""
