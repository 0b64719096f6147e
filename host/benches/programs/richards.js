// An operating system's scheduler: tasks of several kinds pass packets to each other by priority, in the manner of Richards.
class Packet {
  constructor(next, to, kind) { this.next = next; this.to = to; this.kind = kind; this.data = [0, 0, 0, 0]; this.at = 0 }
  appendTo(queue) {
    this.next = null;
    if (queue === null) return this;
    let last = queue;
    while (last.next !== null) last = last.next;
    last.next = this;
    return queue;
  }
}
const WORK = 0, DEVICE = 1;
class Task {
  constructor(scheduler, id, priority) { this.scheduler = scheduler; this.id = id; this.priority = priority; this.queue = null; this.held = false; this.waiting = true }
  receive(packet) { this.queue = packet.appendTo(this.queue); this.waiting = false }
  take() { const packet = this.queue; if (packet !== null) { this.queue = packet.next; packet.next = null } return packet }
  get ready() { return !this.held && (!this.waiting || this.queue !== null) }
}
class Idle extends Task {
  constructor(scheduler, id, count) { super(scheduler, id, 0); this.left = count; this.seed = 1; this.waiting = false }
  step() {
    if (--this.left === 0) { this.held = true; return }
    this.seed = this.seed & 1 ? (this.seed >> 1) ^ 0xd008 : this.seed >> 1;
    this.scheduler.release(this.seed & 1 ? 4 : 5);
  }
}
class Worker extends Task {
  constructor(scheduler, id) { super(scheduler, id, 1000); this.target = 2; this.letter = 0 }
  step() {
    const packet = this.take();
    if (packet === null) { this.waiting = true; return }
    this.target = 5 - this.target;
    packet.to = this.target;
    packet.at = 0;
    for (let i = 0; i < 4; i++) { this.letter = (this.letter % 26) + 1; packet.data[i] = this.letter }
    this.scheduler.send(packet, this.id);
  }
}
class Handler extends Task {
  constructor(scheduler, id, device) { super(scheduler, id, 2000); this.device = device; this.work = null; this.ready_ = null }
  step() {
    for (let packet = this.take(); packet !== null; packet = this.take()) {
      if (packet.kind === WORK) this.work = packet.appendTo(this.work);
      else this.ready_ = packet.appendTo(this.ready_);
    }
    if (this.work !== null && this.work.at >= 4) {
      const done = this.work;
      this.work = done.next;
      done.to = 1;
      done.next = null;
      this.scheduler.send(done, this.id);
    } else if (this.work !== null && this.ready_ !== null) {
      const carrier = this.ready_;
      this.ready_ = carrier.next;
      carrier.next = null;
      carrier.data[0] = this.work.data[this.work.at++];
      carrier.to = this.device;
      this.scheduler.send(carrier, this.id);
    } else this.waiting = true;
  }
}
class Device extends Task {
  constructor(scheduler, id, owner) { super(scheduler, id, 3000); this.owner = owner; this.pending = null }
  step() {
    if (this.pending !== null) {
      const packet = this.pending;
      this.pending = null;
      packet.to = this.owner;
      this.scheduler.send(packet, this.id);
      return;
    }
    this.pending = this.take();
    if (this.pending === null) this.waiting = true;
    else { this.scheduler.holds++; this.held = true }
  }
}
class Scheduler {
  constructor() { this.tasks = []; this.sent = 0; this.holds = 0 }
  add(task) { this.tasks[task.id] = task; this.order = [...this.tasks].filter(Boolean).sort((a, b) => b.priority - a.priority) }
  send(packet) { this.sent++; this.tasks[packet.to].receive(packet) }
  release(id) { this.tasks[id].held = false }
  run() {
    for (;;) {
      const next = this.order.find((task) => task.ready);
      if (next === undefined) return;
      next.step();
    }
  }
}
function run() {
  const scheduler = new Scheduler();
  scheduler.add(new Idle(scheduler, 0, 1500));
  scheduler.add(new Worker(scheduler, 1));
  scheduler.add(new Handler(scheduler, 2, 4));
  scheduler.add(new Handler(scheduler, 3, 5));
  scheduler.add(new Device(scheduler, 4, 2));
  scheduler.add(new Device(scheduler, 5, 3));
  for (let i = 0; i < 2; i++) scheduler.send(new Packet(null, 1, WORK));
  for (let i = 0; i < 3; i++) { scheduler.send(new Packet(null, 2, DEVICE)); scheduler.send(new Packet(null, 3, DEVICE)) }
  scheduler.run();
  return scheduler.sent * 10000 + scheduler.holds;
}
