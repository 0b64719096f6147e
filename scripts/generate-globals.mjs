// Writes sdk-js/globals.d.ts: the types of exactly what a function finds on its global object.
//
// usage: node scripts/generate-globals.mjs [--check] <surface.json>
//
// `surface.json` is what the real guest has (tests/types/surface.js lists it). The types are those of TypeScript's own library for
// workers: of its declarations, those of the guest's globals are taken with all that they refer to; members that the guest lacks are
// left out. What that library does not know stands in sdk-js/globals/own.d.ts.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const sdk = new URL("../sdk-js/", import.meta.url);
const ts = createRequire(new URL("package.json", sdk))("typescript");
const OUT = new URL("globals.d.ts", sdk);
const OWN = new URL("globals/own.d.ts", sdk);
const LIBRARY = new URL("node_modules/typescript/lib/lib.webworker.d.ts", sdk);

const parse = (url) => ts.createSourceFile(url.pathname, readFileSync(url, "utf8"), ts.ScriptTarget.Latest, true);

/** Declarations by name: interfaces, aliases, variables and functions may share one. */
function declarationsOf(source) {
  const found = new Map();
  const add = (name, node) => found.set(name, [...(found.get(name) ?? []), node]);
  for (const node of source.statements) {
    if (ts.isVariableStatement(node)) add(node.declarationList.declarations[0].name.text, node);
    else if (node.name) add(node.name.text, node);
  }
  return found;
}

const withoutComments = (node, source) => {
  const printer = ts.createPrinter({ removeComments: true });
  return printer.printNode(ts.EmitHint.Unspecified, node, source);
};

/** The names of types that a node refers to. */
function references(node) {
  const names = new Set();
  const visit = (each) => {
    if (ts.isTypeReferenceNode(each) && ts.isIdentifier(each.typeName)) names.add(each.typeName.text);
    if (ts.isTypeQueryNode(each) && ts.isIdentifier(each.exprName)) names.add(each.exprName.text);
    if (ts.isExpressionWithTypeArguments(each) && ts.isIdentifier(each.expression)) names.add(each.expression.text);
    ts.forEachChild(each, visit);
  };
  visit(node);
  return names;
}

class Selection {
  constructor(surface) {
    this.surface = surface;
    this.source = parse(LIBRARY);
    this.library = declarationsOf(this.source);
    this.own = declarationsOf(parse(OWN));
    this.taken = new Map();
  }

  /** A class of browsers that the guest has not. */
  isAbsent(name) {
    const isClass = this.library.get(name)?.some((node) => ts.isVariableStatement(node));
    return isClass === true && this.surface[name] === undefined && !this.own.has(name);
  }

  mentionsAbsent(node) {
    return [...references(node)].some((name) => this.isAbsent(name));
  }

  /** Whether the guest has a member of an interface: one that is no class, such as a dictionary, keeps all. */
  keeps(interfaceName, member, isStatic) {
    if (this.mentionsAbsent(member)) return false;
    const own = this.surface[interfaceName];
    if (own === undefined || !member.name) return true;
    const { name } = member;
    const text = ts.isComputedPropertyName(name) ? name.expression.getText(this.source).replace("Symbol.", "@@") : name.text;
    if (isStatic && text === "prototype") return true;
    return (isStatic ? own.statics : own.members).includes(text);
  }

  take(name) {
    if (this.taken.has(name) || this.own.has(name)) return;
    const nodes = this.library.get(name);
    if (nodes === undefined) return;
    const kept = nodes.map((node) => this.reduced(name, node));
    this.taken.set(name, kept);
    for (const node of kept) for (const other of references(node)) if (other !== name) this.take(other);
  }

  reduced(name, node) {
    const { factory } = ts;
    const absent = (type) => this.mentionsAbsent(type);
    if (ts.isInterfaceDeclaration(node)) {
      const bases = node.heritageClauses?.flatMap((clause) => {
        const types = clause.types.filter((type) => !absent(type));
        return types.length > 0 ? [factory.updateHeritageClause(clause, types)] : [];
      });
      const members = node.members.filter((member) => this.keeps(name, member, false));
      return factory.updateInterfaceDeclaration(node, node.modifiers, node.name, node.typeParameters, bases, members);
    }
    if (ts.isTypeAliasDeclaration(node) && ts.isUnionTypeNode(node.type)) {
      const types = node.type.types.filter((type) => !absent(type));
      const union = factory.updateUnionTypeNode(node.type, types);
      return factory.updateTypeAliasDeclaration(node, node.modifiers, node.name, node.typeParameters, union);
    }
    if (!ts.isVariableStatement(node)) return node;
    const [variable] = node.declarationList.declarations;
    if (!variable.type || !ts.isTypeLiteralNode(variable.type)) return node;
    const members = variable.type.members.filter((member) => this.keeps(name, member, true));
    const type = factory.updateTypeLiteralNode(variable.type, members);
    const changed = factory.updateVariableDeclaration(variable, variable.name, undefined, type, undefined);
    return factory.updateVariableStatement(node, node.modifiers, factory.updateVariableDeclarationList(node.declarationList, [changed]));
  }

  text() {
    return [...this.taken.values()].flat().map((node) => withoutComments(node, this.source)).join("\n");
  }
}

const [surfaceFile] = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const surface = JSON.parse(readFileSync(surfaceFile, "utf8"));
const selection = new Selection(surface);
for (const nodes of selection.own.values()) {
  for (const node of nodes) for (const name of references(node)) selection.take(name);
}
for (const [name, nodes] of selection.own) {
  const isGlobal = nodes.some((node) => !ts.isInterfaceDeclaration(node));
  if (isGlobal && surface[name] === undefined) throw new Error(`own.d.ts declares ${name}, which the guest lacks`);
  const members = nodes.filter(ts.isInterfaceDeclaration).flatMap((node) => node.members.map((member) => member.name?.text));
  const lacking = members.find((member) => surface[name] && member && !surface[name].members.includes(member));
  if (lacking !== undefined) throw new Error(`own.d.ts declares ${name}.${lacking}, which the guest lacks`);
}
const untyped = Object.keys(surface).filter((name) => {
  selection.take(name);
  return !selection.taken.has(name) && !selection.own.has(name);
});
if (untyped.length > 0) throw new Error(`no type is known of ${untyped.join(", ")}: declare them in sdk-js/globals/own.d.ts`);
const text = `// Generated by scripts/generate-globals.mjs from TypeScript's library for workers (Apache-2.0, Microsoft Corporation) and
// globals/own.d.ts; do not edit.
${readFileSync(OWN, "utf8")}
${selection.text()}
`;
if (process.argv.includes("--check")) {
  if (readFileSync(OUT, "utf8") !== text) throw new Error(`sdk-js/globals.d.ts is not what the guest has: run node scripts/generate-globals.mjs ${surfaceFile}`);
} else writeFileSync(OUT, text);
