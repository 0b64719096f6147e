//! `daplet-devirtualize IN.wasm OUT.wasm`: replaces each `call_indirect` by a direct call.
//!
//! In ahead-of-time compiled code an indirect call goes through the runtime, which takes a lock (about 18 ns). The guest's table
//! is never written (`tests/module.rs` asserts that), so what can be called is known when the guest is built: one function per
//! type picks the target by a `br_table`. An index outside the table, or one of another type, traps as before.
use std::collections::{BTreeMap, HashMap};
use std::process::ExitCode;
use walrus::ir::{
    BinaryOp, Block, Call, CallIndirect, Instr, InstrLocId, InstrSeqId, Visitor, VisitorMut, dfs_in_order,
    dfs_pre_order_mut,
};
use walrus::{
    ConstExpr, ElementItems, ElementKind, FunctionBuilder, FunctionId, LocalId, Module, TableId, TypeId, ValType,
    ir::Value,
};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, from, to] = arguments.as_slice() else {
        eprintln!("usage: daplet-devirtualize IN.wasm OUT.wasm");
        return ExitCode::FAILURE;
    };
    let written = Module::from_file(from)
        .map_err(|error| error.to_string())
        .and_then(|mut module| rewrite(&mut module).map(|summary| (module, summary)))
        .and_then(|(mut module, summary)| {
            module.emit_wasm_file(to).map_err(|error| error.to_string())?;
            Ok(summary)
        });
    match written {
        Ok(Summary { sites, types }) => {
            println!("devirtualize: {sites} indirect calls of {types} types made direct");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("devirtualize: {from}: {error}");
            ExitCode::FAILURE
        }
    }
}

struct Summary {
    sites: usize,
    types: usize,
}

/// Table index → function, in rising order.
type Entries = BTreeMap<u32, FunctionId>;

fn rewrite(module: &mut Module) -> Result<Summary, String> {
    let tables: Vec<TableId> = module.tables.iter().map(walrus::Table::id).collect();
    let [table] = tables[..] else { return Err("it must have exactly one table".to_owned()) };
    let entries = entries(module, table)?;
    let sites = sites(module);
    let mut dispatchers = HashMap::new();
    // In the order of first use: the output must be the same for the same input.
    for ty in &sites {
        if !dispatchers.contains_key(ty) {
            let dispatcher = dispatcher(module, *ty, &entries, dispatchers.len());
            dispatchers.insert(*ty, dispatcher);
        }
    }
    for (_, function) in module.funcs.iter_local_mut() {
        let entry = function.entry_block();
        dfs_pre_order_mut(&mut Redirect(&dispatchers), function, entry);
    }
    Ok(Summary { sites: sites.len(), types: dispatchers.len() })
}

/// What the table holds once the module is instantiated.
fn entries(module: &Module, table: TableId) -> Result<Entries, String> {
    let mut entries = Entries::new();
    for element in module.elements.iter() {
        let (ElementKind::Active { table: target, offset }, ElementItems::Functions(functions)) =
            (&element.kind, &element.items)
        else {
            return Err("element segments must be active lists of functions".to_owned());
        };
        let ConstExpr::Value(Value::I32(offset)) = offset else {
            return Err("element segments must have constant offsets".to_owned());
        };
        if *target == table {
            entries.extend(functions.iter().zip(*offset as u32..).map(|(function, index)| (index, *function)));
        }
    }
    Ok(entries)
}

/// The type of each indirect call, in order.
fn sites(module: &Module) -> Vec<TypeId> {
    struct Find(Vec<TypeId>);
    impl<'a> Visitor<'a> for Find {
        fn visit_call_indirect(&mut self, call: &CallIndirect) {
            self.0.push(call.ty);
        }
    }
    let mut find = Find(Vec::new());
    for (_, function) in module.funcs.iter_local() {
        dfs_in_order(&mut find, function, function.entry_block());
    }
    find.0
}

struct Redirect<'a>(&'a HashMap<TypeId, FunctionId>);

impl VisitorMut for Redirect<'_> {
    fn visit_instr_mut(&mut self, instruction: &mut Instr, _: &mut InstrLocId) {
        if let Instr::CallIndirect(call) = instruction
            && let Some(dispatcher) = self.0.get(&call.ty)
        {
            *instruction = Instr::Call(Call { func: *dispatcher });
        }
    }
}

/// A function with the type's parameters and a table index, which calls that entry of the table.
fn dispatcher(module: &mut Module, ty: TypeId, entries: &Entries, number: usize) -> FunctionId {
    let targets: Vec<(u32, FunctionId)> = entries
        .iter()
        .filter(|(_, function)| module.funcs.get(**function).ty() == ty)
        .map(|(index, function)| (*index, *function))
        .collect();
    let (mut parameters, results) = {
        let ty = module.types.get(ty);
        (ty.params().to_vec(), ty.results().to_vec())
    };
    parameters.push(ValType::I32);
    let locals: Vec<LocalId> = parameters.iter().map(|ty| module.locals.add(*ty)).collect();
    let mut builder = FunctionBuilder::new(&mut module.types, &parameters, &results);
    builder.name(format!("dispatch_{number}"));
    let (arguments, index) = (&locals[..locals.len() - 1], locals[locals.len() - 1]);
    let nested: Vec<InstrSeqId> = (0..=targets.len()).map(|_| builder.dangling_instr_seq(None).id()).collect();
    // nested[0] holds the br_table; the code after nested[k] in nested[k + 1] calls target k; leaving the last one traps.
    if let (Some((first, _)), Some((last, _))) = (targets.first(), targets.last()) {
        let outside = nested[targets.len()];
        let place: HashMap<u32, InstrSeqId> =
            targets.iter().zip(&nested).map(|((index, _), block)| (*index, *block)).collect();
        let blocks = (*first..=*last).map(|index| *place.get(&index).unwrap_or(&outside)).collect();
        builder
            .instr_seq(nested[0])
            .local_get(index)
            .i32_const(*first as i32)
            .binop(BinaryOp::I32Sub)
            .br_table(blocks, outside);
        for (k, (_, function)) in targets.iter().enumerate() {
            let mut block = builder.instr_seq(nested[k + 1]);
            block.instr(Block { seq: nested[k] });
            for argument in arguments {
                block.local_get(*argument);
            }
            block.call(*function).return_();
        }
    }
    builder.func_body().instr(Block { seq: nested[targets.len()] }).unreachable();
    builder.finish(locals, &mut module.funcs)
}
