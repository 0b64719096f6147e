//! The compiled guest as the host relies on it: linear memory is its whole mutable state, its imports are closed.
//!
//! The deny-list is Wizer's: what a snapshot of linear memory could not hold.
#![allow(clippy::unwrap_used)]

use daplet_abi::{IMPORT_MODULE, exports, imports};
use std::collections::BTreeSet;
use wasmparser::{ExternalKind, Operator, Parser, Payload, TypeRef};

fn module() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/guest.wasm");
    std::fs::read(path).unwrap_or_else(|e| panic!("{path}: {e}; run `make guest`"))
}

#[test]
fn imports_and_exports_are_the_contract() {
    let bytes = module();
    let (mut imported, mut exported) = (BTreeSet::new(), BTreeSet::new());
    for payload in Parser::new(0).parse_all(&bytes) {
        match payload.unwrap() {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.unwrap();
                    assert_eq!(import.module, IMPORT_MODULE, "import {}", import.name);
                    assert!(matches!(import.ty, TypeRef::Func(_)), "import {}", import.name);
                    imported.insert(import.name.to_owned());
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export.unwrap();
                    // The linker's immutable addresses and its names for what libc calls (`__…`) do no harm.
                    if export.kind != ExternalKind::Global && !export.name.starts_with("__") {
                        exported.insert(export.name.to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>();
    let wanted = [imports::READ, imports::WRITE, imports::SUBMIT, imports::LOG, imports::NOW, imports::RANDOM];
    assert_eq!(imported, names(&wanted));
    use exports::{CONTROL, HANDLE, INIT, LOAD, MEMORY, RESUME};
    assert_eq!(exported, names(&[MEMORY, INIT, LOAD, HANDLE, RESUME, CONTROL]));
}

#[test]
fn linear_memory_is_the_whole_state() {
    let bytes = module();
    let mut mutable_globals = 0;
    for payload in Parser::new(0).parse_all(&bytes) {
        match payload.unwrap() {
            Payload::GlobalSection(section) => {
                mutable_globals += section.into_iter().filter(|global| global.as_ref().unwrap().ty.mutable).count();
            }
            Payload::MemorySection(section) => {
                let memories: Vec<_> = section.into_iter().map(Result::unwrap).collect();
                assert_eq!(memories.len(), 1);
                assert_eq!(Some(memories[0].initial), memories[0].maximum, "the memory must not grow");
            }
            Payload::CodeSectionEntry(body) => {
                for operator in body.get_operators_reader().unwrap() {
                    let operator = operator.unwrap();
                    let denied = matches!(
                        operator,
                        Operator::TableSet { .. }
                            | Operator::TableGrow { .. }
                            | Operator::TableFill { .. }
                            | Operator::TableCopy { .. }
                            | Operator::TableInit { .. }
                            | Operator::ElemDrop { .. }
                            | Operator::DataDrop { .. }
                            | Operator::MemoryInit { .. }
                    );
                    assert!(!denied, "{operator:?} changes state that is not in linear memory");
                    let indirect = matches!(operator, Operator::CallIndirect { .. });
                    assert!(!indirect, "daplet-devirtualize makes every indirect call direct");
                }
            }
            _ => {}
        }
    }
    assert_eq!(mutable_globals, 1, "only the stack pointer, which stands at its start between calls");
}
