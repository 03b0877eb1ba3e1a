//! What a handler has to be: it needs nothing of the machine that runs it, and holds nothing of a store on one machine.

use anyhow::{Context, ensure};
use object::{
    Endianness,
    elf::{DT_NEEDED, EM_X86_64, FileHeader64, PT_INTERP},
    read::elf::{Dyn as _, FileHeader as _, ProgramHeader as _},
};

/// Names of files that only the backend on one machine has.
const LOCAL_FILES: [&str; 2] = ["root.key", "store.sqlite"];

/// Whether `bytes` can be shipped as a handler.
pub(super) fn check(bytes: &[u8]) -> anyhow::Result<()> {
    let elf = Elf::read(bytes).context("the handler is no ELF file")?;
    ensure!(elf.is_x86_64, "the handler is not for x86-64");
    ensure!(!elf.has_interpreter, "the handler wants a dynamic loader; it should be static");
    ensure!(!elf.needs_libraries, "the handler wants shared libraries; it should be static");
    for file in LOCAL_FILES {
        ensure!(
            !holds(bytes, file.as_bytes()),
            "the handler knows {file}: the backend on one machine is inside"
        );
    }
    Ok(())
}

/// What the headers of a program say.
#[derive(Debug, Eq, PartialEq)]
struct Elf {
    is_x86_64: bool,
    has_interpreter: bool,
    needs_libraries: bool,
}

impl Elf {
    fn read(bytes: &[u8]) -> object::read::Result<Self> {
        let header = FileHeader64::<Endianness>::parse(bytes)?;
        let endian = header.endian()?;
        let mut elf = Self {
            is_x86_64: header.e_machine(endian) == EM_X86_64,
            has_interpreter: false,
            needs_libraries: false,
        };
        for segment in header.program_headers(endian, bytes)? {
            elf.has_interpreter |= segment.p_type(endian) == PT_INTERP;
            let dynamic = segment.dynamic(endian, bytes)?.unwrap_or_default();
            elf.needs_libraries |= dynamic.iter().any(|entry| entry.tag(endian) == DT_NEEDED);
        }
        Ok(elf)
    }
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const X86_64: u16 = 62;
    const AARCH64: u16 = 183;
    const LOAD: u32 = 1;
    const DYNAMIC: u32 = 2;
    const INTERP: u32 = 3;

    /// A program of these segments, by the layout of the System V ABI (chapter 4 and 5, `Elf64_Ehdr` and `Elf64_Phdr`).
    fn program(machine: u16, segments: &[(u32, &[u8])]) -> Vec<u8> {
        let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        bytes.extend([3_u16, machine].map(u16::to_le_bytes).concat());
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend([0_u64, 64, 0].map(u64::to_le_bytes).concat());
        bytes.extend(0_u32.to_le_bytes());
        let count = u16::try_from(segments.len()).unwrap();
        bytes.extend([64, 56, count, 64, 0, 0].map(u16::to_le_bytes).concat());
        let mut offset = 64 + 56 * segments.len() as u64;
        for (kind, content) in segments {
            let size = content.len() as u64;
            bytes.extend([*kind, 4].map(u32::to_le_bytes).concat());
            bytes.extend([offset, 0, 0, size, size, 1].map(u64::to_le_bytes).concat());
            offset += size;
        }
        segments.iter().for_each(|(_, content)| bytes.extend(*content));
        bytes
    }

    /// Entries of a dynamic section (`Elf64_Dyn`).
    fn dynamic(tags: &[u64]) -> Vec<u8> {
        tags.iter().flat_map(|tag| [*tag, 1].map(u64::to_le_bytes).concat()).collect()
    }

    fn refusal(bytes: &[u8]) -> String {
        check(bytes).unwrap_err().to_string()
    }

    #[test]
    fn a_static_program_is_accepted_and_what_is_none_is_not() {
        // DT_STRTAB, DT_FLAGS_1, DT_NULL: as in a program that can be loaded anywhere and needs nothing.
        let dynamic = dynamic(&[5, 0x6fff_fffb, 0]);
        check(&program(X86_64, &[(LOAD, b"code"), (DYNAMIC, &dynamic)])).unwrap();
        check(&program(X86_64, &[(LOAD, b"code")])).unwrap();
        assert_eq!(refusal(b"#!/bin/sh\n"), "the handler is no ELF file");
        assert_eq!(refusal(b""), "the handler is no ELF file");
        assert_eq!(refusal(&program(AARCH64, &[(LOAD, b"code")])), "the handler is not for x86-64");
    }

    #[test]
    fn a_program_that_needs_a_loader_or_a_library_is_refused() {
        let loader = program(X86_64, &[(LOAD, b"code"), (INTERP, b"/lib64/ld.so\0")]);
        assert!(refusal(&loader).contains("dynamic loader"));
        let library = program(X86_64, &[(LOAD, b"code"), (DYNAMIC, &dynamic(&[1, 5, 0]))]);
        assert!(refusal(&library).contains("shared libraries"));
    }

    /// This test itself is a program that the linker of this machine made.
    #[test]
    #[cfg(target_env = "gnu")]
    fn a_program_of_this_machine_is_refused() {
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(Elf::read(&program).unwrap().needs_libraries);
        assert!(check(&program).is_err());
    }

    #[test]
    fn a_program_that_knows_the_files_of_the_local_backend_is_refused() {
        check(&program(X86_64, &[(LOAD, b"square root. keys store")])).unwrap();
        for file in ["root.key", "store.sqlite"] {
            let content = format!("x\0{file}\0y");
            let error = refusal(&program(X86_64, &[(LOAD, content.as_bytes())]));
            assert!(error.contains(file), "{error}");
        }
    }
}
