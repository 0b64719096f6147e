//! Statements, each a line or more, with a new line at the end.
use super::{Generator, Kind, MAX_DEPTH};

impl Generator {
    /// A statement at the top level: what it throws is printed, and the next one runs.
    pub(super) fn guarded(&mut self) -> String {
        // Declarations must stay outside of the block to be seen by what follows.
        if self.chance(40) {
            let kind = self.kind();
            let value = self.expression(kind);
            let name = self.fresh(kind, true);
            return format!("let {name};\ntry{{{name}={value};print('{name}',{name})}}catch(e){{print('E',e)}}\n");
        }
        if self.chance(15) {
            return self.class();
        }
        format!("try{{{}}}catch(e){{print('E',e)}}\n", self.statement())
    }

    pub(super) fn statement(&mut self) -> String {
        if self.depth > MAX_DEPTH {
            return format!("print({});\n", self.any());
        }
        match self.rng.u32(..20) {
            0..=2 => format!("print({},{});\n", self.any(), self.any()),
            3 | 4 => self.assignment(),
            5 => format!("if({}){{{}}}else{{{}}}\n", self.expression(Kind::Bool), self.block(), self.block()),
            6 => {
                let count = self.rng.u32(1..6);
                self.scoped(|this| {
                    let i = this.fresh(Kind::Number, false);
                    format!("for(let {i}=0;{i}<{count};{i}++){{tick();{}}}\n", this.block())
                })
            }
            7 => {
                let iterable = self.pick_iterable();
                self.scoped(|this| {
                    let x = this.fresh(Kind::Text, true);
                    let jump = this.pick(&["", "if(Math.abs(1)===2)break;", "if(typeof 1==='x')continue;"]);
                    format!("for(let {x} of {iterable}){{tick();{jump}{}}}\n", this.block())
                })
            }
            8 => {
                let object = self.any();
                self.scoped(|this| {
                    let k = this.fresh(Kind::Text, true);
                    format!("for(const {k} in {object}){{tick();print({k});{}}}\n", this.block())
                        .replace("let const", "const")
                })
            }
            9 => {
                let (value, thrown) = (self.any(), self.any());
                let (block, caught, last) = (self.block(), self.block(), self.block());
                let finally = if self.chance(50) { format!("finally{{{last}}}") } else { String::new() };
                let doomed = if self.chance(60) { format!("throw {thrown};") } else { String::new() };
                format!(
                    "try{{print({value});{block}{doomed}}}catch(error){{print('caught',error);{caught}}}{finally}\n"
                )
            }
            10 => {
                let (subject, a, b) = (self.any(), self.any(), self.any());
                let (one, two, other) = (self.block(), self.block(), self.block());
                format!("switch({subject}){{case {a}:{{{one}}}case {b}:{{{two}}}break;default:{{{other}}}}}\n")
            }
            11 => self.destructuring(),
            12 => self.generator(),
            13 => {
                let label = format!("l{}", self.names);
                let condition = self.expression(Kind::Bool);
                format!(
                    "{label}:for(const x of [1,2,3]){{tick();for(const y of [x,x]){{tick();if({condition})continue {label};print(x,y);{}break {label}}}}}\n",
                    self.block()
                )
            }
            14 if self.in_async => {
                let (value, kind) = (self.any(), self.kind());
                let then = self.expression(kind);
                let method = self.pick(&["all", "allSettled", "race", "any"]);
                match self.rng.u32(..3) {
                    0 => format!("print(await {value});\n"),
                    1 => format!(
                        "print(await Promise.{method}([{value},Promise.resolve({then}),(async()=>{value})()]));\n"
                    ),
                    _ => format!(
                        "Promise.reject({value}).catch(e=>{{print('later',e)}}).finally(()=>print('done'));print(await null);\n"
                    ),
                }
            }
            15 => {
                let (map, k, v) = (self.expression(Kind::Map), self.any(), self.any());
                format!("{{const m={map};m.set({k},{v});print(m.has({k}),m.get({v}),m.size,m.delete({k}),m)}}\n")
            }
            16 => {
                let (object, key, value) = (self.any(), self.expression(Kind::Text), self.any());
                let how = self.pick(&[
                    "writable:true",
                    "enumerable:true",
                    "configurable:true",
                    "configurable:false,enumerable:true",
                ]);
                format!(
                    "{{const o=Object({object});print(Reflect.defineProperty(o,{key},{{value:{value},{how}}}),Object.getOwnPropertyDescriptor(o,{key}));delete o[{key}];print(o)}}\n"
                )
            }
            17 => {
                let view = self.pick(&["Int8", "Uint16", "Int32", "Float32", "Float64", "BigInt64", "BigUint64"]);
                let value = self.expression(if view.starts_with("Big") { Kind::BigInt } else { Kind::Number });
                format!(
                    "{{const d=new DataView(new ArrayBuffer(16));d.set{view}({},bits({value}),{});print(new Uint8Array(d.buffer),d.get{view}(0))}}\n",
                    self.rng.u32(..12),
                    self.rng.bool()
                )
            }
            _ => {
                let f = self.expression(Kind::Function);
                let (a, b) = (self.any(), self.any());
                match self.rng.u32(..3) {
                    0 => format!("print(({f})({a},{b}));\n"),
                    1 => format!("print(({f}).call({a},{b}),({f}).bind({b},{a})());\n"),
                    _ => format!("print(Reflect.apply({f},{a},[{b}]));\n"),
                }
            }
        }
    }

    fn block(&mut self) -> String {
        self.scoped(|this| {
            let count = this.rng.usize(..3);
            (0..count).map(|_| this.statement()).collect()
        })
    }

    fn assignment(&mut self) -> String {
        let kind = self.kind();
        let Some(name) = self.name(kind, true) else { return format!("print({});\n", self.expression(kind)) };
        let value = self.expression(kind);
        match (kind, self.rng.u32(..4)) {
            (Kind::Number, 0) => {
                format!("{name}{}{value};\n", self.pick(&["+=", "-=", "*=", "|=", ">>>=", "??=", "&&="]))
            }
            (Kind::Number, 1) => format!("print({name}++,--{name});\n"),
            (Kind::BigInt, 0) => format!("{name}=lim({name}*{value});\n"),
            (Kind::Text, 0) => format!("{name}=lim({name}+{value});\n"),
            (Kind::Array, 0) => format!("{name}.{}({value});{name}=lim({name});\n", self.pick(&["push", "unshift"])),
            (Kind::Array | Kind::Object | Kind::Typed | Kind::Instance, 1) => {
                format!("{name}[{}]={};print({name});\n", self.any(), self.any())
            }
            (Kind::Array, 2) => format!("{name}.length={};print({name});\n", self.rng.u32(..12)),
            _ => format!("{name}={value};\n"),
        }
    }

    fn destructuring(&mut self) -> String {
        let (source, default) = (self.any(), self.any());
        let pattern = self.pick(&[
            "[p,,q=D,...r]",
            "{a:p=D,b:{c:q}={},...r}",
            "{length:p,0:q=D,[`r`]:r}",
            "[[p]=[D],{a:q}={a:1},r]",
            "{a:[p,q]=[1,D],constructor:{name:r}}",
        ]);
        format!("{{const {}={source};print(p,q,r)}}\n", pattern.replace('D', &default))
    }

    fn generator(&mut self) -> String {
        let in_async = std::mem::replace(&mut self.in_async, false);
        let (a, b, sent) = (self.any(), self.pick_iterable(), self.any());
        let (block, last) = (self.block(), self.any());
        let end = self.pick(&[
            "print(g.return(7))",
            "try{print(g.throw(new Error('in')))}catch(e){print('out',e)}",
            "print([...g].length)",
        ]);
        self.in_async = in_async;
        format!(
            "{{const g=(function*(){{try{{tick();const x=yield {a};print('sent',x);{block}yield* {b};return {last}}}finally{{print('closed')}}}})();\
             print(g.next());print(g.next({sent}));{end};print(g.next())}}\n"
        )
    }

    /// A class and something done with it.
    fn class(&mut self) -> String {
        let in_async = std::mem::replace(&mut self.in_async, false);
        let name = self.fresh(Kind::Function, false);
        let parent = match self.name(Kind::Function, false) {
            Some(other) if other != name && self.chance(40) => format!(" extends {other}"),
            _ => self.pick(&["", "", " extends Array", " extends Map", " extends Error", " extends null"]).to_owned(),
        };
        let constructor = match (parent.is_empty(), self.chance(50)) {
            (_, false) => String::new(),
            (true, true) => "constructor(a){call();this.made=a;print(new.target===this.constructor)}".to_owned(),
            (false, true) => "constructor(a){call();super();this.made=a}".to_owned(),
        };
        let (field, hidden, fixed) = (self.any(), self.any(), self.any());
        let (result, argument) = (self.any(), self.any());
        let (method, key) = (self.block(), self.expression(Kind::Text));
        self.in_async = in_async;
        format!(
            "class {name}{parent}{{field={field};#hidden={hidden};static fixed={fixed};static #count=0;\
             static{{print('static',this.fixed)}}{constructor}\
             get hidden(){{return this.#hidden}}set hidden(v){{this.#hidden=v;{name}.#count++}}\
             method(a){{call();{method}return {result}}}*[Symbol.iterator](){{yield this.#hidden;yield {name}.#count}}\
             static is(o){{return #hidden in o}}[{key}](){{return super.toString===Object.prototype.toString}}}}\n"
        )
        .replace(&format!("class {name}"), &format!("let {name};try{{{name}=class {name}"))
            + &format!(
                "}}catch(e){{print('E',e);{name}=class{{}}}}\n\
                 try{{const o=new {name}({argument});print(o);o.hidden=1;print(o.hidden,{name}.is(o),[...o],o.method(2))}}catch(e){{print('E',e)}}\n"
            )
    }
}
