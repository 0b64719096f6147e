//! Expressions by what they are meant to be.
use super::{Generator, Kind, MAX_DEPTH};

const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "1",
    "-1",
    "2",
    "3",
    "7",
    "10",
    "0.1",
    "0.5",
    "-1.5",
    "1e21",
    "1e-7",
    "123456789",
    "2147483647",
    "-2147483648",
    "2147483648",
    "4294967295",
    "4294967296",
    "9007199254740991",
    "9007199254740993",
    "1.7976931348623157e308",
    "5e-324",
    "NaN",
    "Infinity",
    "-Infinity",
    "0x7f",
    "0b101",
    "1_000",
];
const TEXTS: &[&str] = &[
    "''",
    "'a'",
    "'abc'",
    "'äöü'",
    "'\\ud83d\\ude00'",
    "'\\ud800'",
    "'a,b,,c'",
    "' 12 '",
    "'0x10'",
    "'1e3'",
    "'__proto__'",
    "'constructor'",
    "'length'",
    "'0'",
    "'Zeile\\nzwei'",
    "'\\u0000'",
    "'ß'",
    "'İ'",
    "'aaaaab'",
    "'2024-02-30'",
    "'-0'",
];
const BIGINTS: &[&str] =
    &["0n", "1n", "-1n", "255n", "2n**64n", "-(2n**63n)", "12345678901234567890n", "0xffn", "-7n", "10n**30n"];
const REGEXES: &[&str] = &[
    "/a+/g",
    "/(?<x>\\d+)-?(\\w)?/",
    "/[^a-z]/giu",
    "/^\\s*|\\s*$/g",
    "/(a|ab)(c|bcd)*/",
    "/\\p{L}/gu",
    "/b(?=c)/y",
    "/(?<!a)b/g",
    "/./gsu",
    "/(.)\\1/",
    "/[\\w--[a-c]]/v",
    "/x*/g",
    "/\\bz?/gm",
    "/(?:)/dg",
];
const TYPED: &[&str] = &[
    "Uint8Array",
    "Int8Array",
    "Uint8ClampedArray",
    "Int16Array",
    "Uint16Array",
    "Int32Array",
    "Uint32Array",
    "Float32Array",
    "Float64Array",
];

impl Generator {
    /// An expression that is mostly of the kind.
    pub(super) fn expression(&mut self, kind: Kind) -> String {
        let kind = if self.chance(6) { self.kind() } else { kind };
        self.depth += 1;
        let named = if self.chance(45) { self.name(kind, false) } else { None };
        let text = match named {
            Some(name) => name,
            None if self.depth > MAX_DEPTH => self.leaf(kind),
            None => self.compound(kind),
        };
        self.depth -= 1;
        text
    }

    pub(super) fn any(&mut self) -> String {
        let kind = self.kind();
        self.expression(kind)
    }

    fn leaf(&mut self, kind: Kind) -> String {
        match kind {
            Kind::Number => self.pick(NUMBERS).to_owned(),
            Kind::Text => self.pick(TEXTS).to_owned(),
            Kind::Bool => self.pick(&["true", "false"]).to_owned(),
            Kind::BigInt => self.pick(BIGINTS).to_owned(),
            Kind::Array => {
                self.pick(&["[]", "[1,2,3]", "[,1,,2]", "['b','a','c']", "[[1],[2,[3]]]", "[3,-1,20]"]).to_owned()
            }
            Kind::Object => self
                .pick(&["{}", "{a:1}", "{a:{b:2},2:'x',1:'y'}", "Object.create(null)", "{get a(){return 5}}"])
                .to_owned(),
            Kind::Function => self
                .pick(&["(x=>x)", "((a,b)=>a)", "String", "Number", "(function(){return this})", "Math.max"])
                .to_owned(),
            Kind::Regex => self.pick(REGEXES).to_owned(),
            Kind::Map => {
                self.pick(&["new Map()", "new Map([[1,'a'],['b',2]])", "new Map([[NaN,1],[-0,2]])"]).to_owned()
            }
            Kind::Set => {
                self.pick(&["new Set()", "new Set([1,2,3])", "new Set('hello')", "new Set([NaN,0,-0])"]).to_owned()
            }
            Kind::Typed => format!("new {}([1,-1,300,0.5,-0])", self.pick(TYPED)),
            Kind::Date => self
                .pick(&[
                    "new Date(0)",
                    "new Date(NaN)",
                    "new Date(1e12)",
                    "new Date('2024-02-29T12:00:00Z')",
                    "new Date(8.64e15)",
                ])
                .to_owned(),
            Kind::Symbol => {
                self.pick(&["Symbol('s')", "Symbol.for('t')", "Symbol.iterator", "Symbol.toPrimitive"]).to_owned()
            }
            Kind::Generator => self
                .pick(&["[1,2][Symbol.iterator]()", "(function*(){yield 1;return 2})()", "'ab'[Symbol.iterator]()"])
                .to_owned(),
            Kind::Instance => self
                .pick(&["new (class A{x=1})", "new Error('e')", "new WeakMap()", "new Proxy({},{})", "Object(1n)"])
                .to_owned(),
        }
    }

    fn compound(&mut self, kind: Kind) -> String {
        if self.chance(12) {
            let (c, a, b) = (self.expression(Kind::Bool), self.expression(kind), self.expression(kind));
            let of_function = self.name(Kind::Function, false);
            return match (self.rng.u32(..5), of_function) {
                (0, _) => format!("({c}?{a}:{b})"),
                (1, _) => format!("({a}??{b})"),
                (2, _) => format!("({a}||{b})"),
                (3, Some(f)) => format!("{f}({a},{b})"),
                _ => format!("(({c}),{a})"),
            };
        }
        match kind {
            Kind::Number => self.number(),
            Kind::Text => self.text(),
            Kind::Bool => self.bool(),
            Kind::BigInt => self.bigint(),
            Kind::Array => self.array(),
            Kind::Object => self.object(),
            Kind::Function => self.function(),
            Kind::Regex => {
                let source = self.pick(&["'a|b'", "'(\\\\d)'", "'['", "'.'", "'(?<n>b)'", "'\\\\u{61}'"]);
                let flags = self.pick(&["''", "'g'", "'gi'", "'u'", "'y'", "'gg'", "'d'"]);
                format!("new RegExp({source},{flags})")
            }
            Kind::Map => {
                let (a, k, v) = (self.expression(Kind::Array), self.any(), self.any());
                match self.rng.u32(..3) {
                    0 => format!("new Map({a}.map((x,i)=>[x,i]))"),
                    1 => format!("Map.groupBy({a},x=>typeof x)"),
                    _ => format!("new Map([[{k},{v}]]).set({v},1)"),
                }
            }
            Kind::Set => {
                let (s, t) = (self.expression(Kind::Set), self.expression(Kind::Set));
                let method = self.pick(&["union", "intersection", "difference", "symmetricDifference"]);
                if self.chance(50) {
                    format!("{s}.{method}({t})")
                } else {
                    format!("new Set({})", self.expression(Kind::Array))
                }
            }
            Kind::Typed => {
                let (class, a, n) = (self.pick(TYPED), self.expression(Kind::Array), self.expression(Kind::Number));
                match self.rng.u32(..4) {
                    0 => format!("new {class}({a})"),
                    1 => format!("{}.map(x=>x*3-{n})", self.expression(Kind::Typed)),
                    2 => format!("new {class}(new Float64Array([bits(Number({n})),1.5]).buffer)"),
                    _ => format!("{}.subarray(1,{n}&7)", self.expression(Kind::Typed)),
                }
            }
            Kind::Date => {
                let (y, n) = (self.rng.i32(-300..9999), self.expression(Kind::Number));
                format!("new Date(Date.UTC({y},{n},{},{n}))", self.rng.u32(..70))
            }
            Kind::Symbol => format!("Symbol({})", self.expression(Kind::Text)),
            Kind::Generator => format!("{}.values()", self.expression(Kind::Array)),
            Kind::Instance => match self.rng.u32(..3) {
                0 => format!(
                    "Object.assign(new (class extends {}{{}})({}),{{z:{}}})",
                    self.pick(&["Array", "Map", "Error", "Object"]),
                    self.pick(&["", "[]"]),
                    self.any()
                ),
                1 => self.proxy(),
                _ => format!("structured({})", self.any()).replace("structured", "Object"),
            },
        }
    }

    fn number(&mut self) -> String {
        let (a, b) = (self.expression(Kind::Number), self.expression(Kind::Number));
        match self.rng.u32(..16) {
            0..=3 => format!("({a}{}{b})", self.pick(&["+", "-", "*", "/", "%"])),
            4 | 5 => format!("({a}{}{b})", self.pick(&["&", "|", "^", "<<", ">>", ">>>"])),
            6 => format!("({}{a})", self.pick(&["- ", "+ ", "~"])),
            7 => format!(
                "Math.{}({a})",
                self.pick(&["floor", "ceil", "round", "trunc", "sign", "abs", "fround", "clz32", "sqrt"])
            ),
            8 => format!("Math.{}({a},{b})", self.pick(&["min", "max", "imul"])),
            9 => format!("{}.length", self.expression(Kind::Text)),
            10 => format!("{}.reduce((x,y)=>x+y,0)", self.expression(Kind::Array)),
            11 => format!("{}({})", self.pick(&["Number", "parseInt", "parseFloat"]), self.any()),
            12 => format!("{}.indexOf({})", self.expression(Kind::Array), self.any()),
            13 => format!(
                "{}.{}()",
                self.expression(Kind::Date),
                self.pick(&["getTime", "getUTCDay", "getUTCFullYear", "getUTCMonth"])
            ),
            14 => format!("{}.charCodeAt({a})", self.expression(Kind::Text)),
            _ => format!("({}**{})", self.rng.u32(..9), self.rng.u32(..9)),
        }
    }

    fn text(&mut self) -> String {
        let (s, t) = (self.expression(Kind::Text), self.expression(Kind::Text));
        let (m, n) = (self.rng.i32(-3..9), self.rng.u32(..6));
        match self.rng.u32(..16) {
            0 => format!("lim({s}+{})", self.any()),
            1 => format!("lim(`${{{s}}}-${{{}}}`)", self.expression(Kind::Number)),
            2 => format!("{s}.{}({m},{n})", self.pick(&["slice", "substring", "substr"])),
            3 => format!(
                "{s}.{}()",
                self.pick(&["toUpperCase", "toLowerCase", "trim", "normalize", "toWellFormed", "at"])
            ),
            4 => format!(
                "{s}.replace({},{})",
                self.expression(Kind::Regex),
                self.pick(&["'<$&>'", "(m,...a)=>a.length+m", "'$1$<x>$$'"])
            ),
            5 => format!("lim({s}.replaceAll({t},'_'))"),
            6 => format!("lim({s}.padStart({},{t}))", self.rng.u32(..20)),
            7 => format!("{}.join({t})", self.expression(Kind::Array)),
            8 => format!("lim(String({}))", self.any()),
            9 => format!(
                "lim(JSON.stringify({},{},{n})??'')",
                self.any(),
                self.pick(&["null", "['a','b']", "(k,v)=>typeof v==='bigint'?`${v}n`:v"])
            ),
            10 => format!("{}.{}({n})", self.expression(Kind::Number), self.pick(&["toFixed", "toExponential"])),
            11 => format!("{}.toString({})", self.expression(Kind::Number), self.rng.u32(2..37)),
            12 => format!("{}.toString({})", self.expression(Kind::BigInt), self.rng.u32(2..37)),
            13 => format!("lim({s}.repeat({n}))"),
            14 => format!("{}({s})", self.pick(&["encodeURIComponent", "escape", "encodeURI", "decodeURIComponent"])),
            _ => format!("typeof {}", self.any()),
        }
    }

    fn bool(&mut self) -> String {
        let (a, b) = (self.any(), self.any());
        match self.rng.u32(..9) {
            0..=2 => format!("({a}{}{b})", self.pick(&["==", "===", "!=", "!=="])),
            3 | 4 => format!("({}{}{})", self.expression(Kind::Number), self.pick(&["<", ">", "<=", ">="]), self.any()),
            5 => format!("(!{a})"),
            6 => format!("{}.test({})", self.expression(Kind::Regex), self.expression(Kind::Text)),
            7 => format!("({} in {})", self.expression(Kind::Text), self.expression(Kind::Object)),
            _ => format!("Object.is({a},{b})"),
        }
    }

    fn bigint(&mut self) -> String {
        let (a, b) = (self.expression(Kind::BigInt), self.expression(Kind::BigInt));
        match self.rng.u32(..6) {
            0 | 1 => format!("lim({a}{}{b})", self.pick(&["+", "-", "*", "&", "|", "^"])),
            2 => format!("({a}{}{b})", self.pick(&["/", "%"])),
            3 => format!("lim({a}{}{}n)", self.pick(&["<<", ">>"]), self.rng.u32(..90)),
            4 => format!("BigInt.{}({},{a})", self.pick(&["asIntN", "asUintN"]), self.rng.u32(..80)),
            _ => format!("BigInt({})", self.expression(Kind::Number)),
        }
    }

    fn array(&mut self) -> String {
        let (a, n) = (self.expression(Kind::Array), self.rng.i32(-3..5));
        match self.rng.u32(..18) {
            0..=2 => {
                let count = self.rng.usize(..5);
                let items: Vec<String> = (0..count).map(|_| self.any()).collect();
                format!("[{}]", items.join(","))
            }
            3 => format!("lim([...{a},...{}])", self.expression(Kind::Array)),
            4 => format!("{a}.map({})", self.expression(Kind::Function)),
            5 => format!("{a}.filter({})", self.expression(Kind::Function)),
            6 => {
                format!("{a}.{}()", self.pick(&["toSorted", "toReversed", "flat", "slice", "keys", "reverse", "sort"]))
            }
            7 => format!("{a}.sort((x,y)=>String(x)<String(y)?-1:1)"),
            8 => format!("{a}.{}({n},2,{})", self.pick(&["splice", "toSpliced", "fill", "copyWithin"]), self.any()),
            9 => format!("lim({}.split({}))", self.expression(Kind::Text), self.expression(Kind::Regex)),
            10 => format!("[...{}.matchAll({})].slice(0,9)", self.expression(Kind::Text), self.expression(Kind::Regex)),
            11 => {
                format!("Object.{}({})", self.pick(&["keys", "entries", "values", "getOwnPropertyNames"]), self.any())
            }
            12 => format!("Array.from({{length:{}}},(_, i)=>i*{n})", self.rng.u32(..7)),
            13 => format!("Array.from({})", self.pick_iterable()),
            14 => format!("{}.exec({})", self.expression(Kind::Regex), self.expression(Kind::Text)),
            15 => format!("{a}.flatMap(x=>[x,{n}])"),
            16 => format!("{a}.with({n},{})", self.any()),
            _ => format!("Reflect.ownKeys({})", self.expression(Kind::Object)),
        }
    }

    pub(super) fn pick_iterable(&mut self) -> String {
        let kind = [Kind::Array, Kind::Text, Kind::Map, Kind::Set, Kind::Typed, Kind::Generator][self.rng.usize(..6)];
        self.expression(kind)
    }

    fn key(&mut self) -> String {
        match self.rng.u32(..5) {
            0 => format!("[{}]", self.expression(Kind::Text)),
            1 => format!("[{}]", self.expression(Kind::Symbol)),
            _ => self.pick(&["a", "b", "c", "0", "1", "10", "length", "toString", "'x y'"]).to_owned(),
        }
    }

    fn object(&mut self) -> String {
        match self.rng.u32(..8) {
            0..=3 => {
                let count = self.rng.usize(..5);
                let members: Vec<String> = (0..count).map(|_| self.member()).collect();
                format!("({{{}}})", members.join(","))
            }
            4 => format!("({{...{},...{}}})", self.any(), self.expression(Kind::Object)),
            5 => format!("Object.fromEntries({}.map((x,i)=>[i%2?x:i,x]))", self.expression(Kind::Array)),
            6 => format!("JSON.parse(JSON.stringify({})??'{{}}')", self.expression(Kind::Object)),
            _ => format!(
                "Object.{}({})",
                self.pick(&["freeze", "seal", "preventExtensions", "getOwnPropertyDescriptors"]),
                self.expression(Kind::Object)
            ),
        }
    }

    fn member(&mut self) -> String {
        let key = self.key();
        match self.rng.u32(..7) {
            0 => format!("get {key}(){{return {}}}", self.any()),
            1 => format!("set {key}(v){{print('set',v)}}"),
            2 => format!("{key}(a,b=1){{call();return [a,b,this===undefined]}}"),
            3 => format!(
                "[Symbol.toPrimitive](hint){{return hint==='number'?{}:{}}}",
                self.expression(Kind::Number),
                self.expression(Kind::Text)
            ),
            _ => format!("{key}:{}", self.any()),
        }
    }

    /// A function expression; its parameters are in scope within.
    pub(super) fn function(&mut self) -> String {
        let in_async = std::mem::replace(&mut self.in_async, false);
        let text = self.scoped(|this| {
            let (a, b) = (this.fresh(Kind::Number, true), this.fresh(Kind::Text, true));
            let default = this.any();
            let parameters = match this.rng.u32(..4) {
                0 => format!("{a},...{b}"),
                1 => format!("{a}={default},{b}"),
                2 => format!("{{a:{a}={default}}}={{}},[{b}]=[]"),
                _ => format!("{a},{b}"),
            };
            let kind = this.kind();
            let result = this.expression(kind);
            match this.rng.u32(..3) {
                0 => format!("(({parameters})=>(call(),{result}))"),
                1 => format!("(function({parameters}){{call();return {result}}})"),
                _ => format!("(({parameters})=>{{call();{}return {result}}})", this.statement()),
            }
        });
        self.in_async = in_async;
        text
    }

    fn proxy(&mut self) -> String {
        let target = self.expression(Kind::Object);
        let traps = [
            "get(t,k,r){print('get',k);return Reflect.get(t,k,r)}",
            "has(t,k){print('has',k);return k!=='a'}",
            "set(t,k,v){print('set',k,v);return Reflect.set(t,k,v)}",
            "deleteProperty(t,k){print('delete',k);return delete t[k]}",
            "ownKeys(t){print('keys');return Reflect.ownKeys(t).reverse()}",
            "getOwnPropertyDescriptor(t,k){return Reflect.getOwnPropertyDescriptor(t,k)}",
            "getPrototypeOf(){return Array.prototype}",
            "defineProperty(t,k,d){print('define',k);return Reflect.defineProperty(t,k,d)}",
        ];
        let chosen: Vec<&str> = traps.into_iter().filter(|_| self.rng.bool()).collect();
        format!("new Proxy(Object({target}),{{{}}})", chosen.join(","))
    }
}
