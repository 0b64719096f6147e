// One-way constraints over variables, planned by strength and walked again after each edit, in the manner of DeltaBlue.
class Variable {
  constructor(name, value) { this.name = name; this.value = value; this.constraints = []; this.by = null; this.mark = 0; this.strength = 0 }
}
class Constraint {
  constructor(strength) { this.strength = strength }
  satisfied() { return this.output().by === this }
}
class Edit extends Constraint {
  constructor(variable, strength) { super(strength); this.variable = variable; variable.constraints.push(this) }
  output() { return this.variable }
  inputs() { return [] }
  execute() {}
}
class Scale extends Constraint {
  constructor(from, factor, offset, to, strength) {
    super(strength);
    Object.assign(this, { from, factor, offset, to });
    for (const variable of [from, factor, offset, to]) variable.constraints.push(this);
  }
  output() { return this.to }
  inputs() { return [this.from, this.factor, this.offset] }
  execute() { this.to.value = this.from.value * this.factor.value + this.offset.value }
}
class Equal extends Constraint {
  constructor(a, b, strength) { super(strength); this.a = a; this.b = b; a.constraints.push(this); b.constraints.push(this) }
  output() { return this.b }
  inputs() { return [this.a] }
  execute() { this.b.value = this.a.value }
}
class Planner {
  constructor() { this.mark = 1 }
  add(constraint) {
    const out = constraint.output();
    if (out.by !== null && out.by.strength >= constraint.strength) return false;
    out.by = constraint;
    out.strength = constraint.strength;
    constraint.execute();
    return true;
  }
  plan(sources) {
    const mark = ++this.mark, plan = [];
    const todo = [...sources];
    while (todo.length > 0) {
      const constraint = todo.pop();
      const out = constraint.output();
      if (out.mark === mark || !constraint.satisfied()) continue;
      if (!constraint.inputs().every((input) => input.mark === mark || input.by === null)) continue;
      plan.push(constraint);
      out.mark = mark;
      for (const next of out.constraints) if (next !== constraint && next.output() !== out) todo.push(next);
    }
    return plan;
  }
}
function chain(length) {
  const planner = new Planner();
  const variables = Array.from({ length }, (_, i) => new Variable(`v${i}`, 0));
  const edit = new Edit(variables[0], 5);
  planner.add(edit);
  for (let i = 1; i < length; i++) planner.add(new Equal(variables[i - 1], variables[i], 3));
  const plan = planner.plan([edit]);
  for (let value = 0; value < 8; value++) {
    variables[0].value = value;
    for (const constraint of plan) constraint.execute();
  }
  return variables[length - 1].value * plan.length;
}
function projection(length) {
  const planner = new Planner();
  const factor = new Variable("factor", 10), offset = new Variable("offset", 1000);
  const edits = [], sources = [], targets = [];
  for (let i = 0; i < length; i++) {
    const from = new Variable(`s${i}`, i), to = new Variable(`d${i}`, i);
    sources.push(from);
    targets.push(to);
    edits.push(new Edit(from, 5));
    planner.add(edits[i]);
    planner.add(new Scale(from, factor, offset, to, 3));
  }
  let sum = 0;
  for (let round = 0; round < 3; round++) {
    factor.value = round + 2;
    for (const constraint of planner.plan(edits)) constraint.execute();
    sum += targets[length - 1].value;
  }
  return sum;
}
function run() { return chain(700) + projection(300) }
