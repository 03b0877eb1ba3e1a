//! From a file to its report, in memory that does not grow with the file.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

use chain::{
    policy::Policy,
    report::{Finding, Report},
    row_proof,
    verify::{self, DIAGNOSE_BYTES_MAX, Stream},
};

/// How much is read at once.
const PIECE_BYTES: usize = 256 << 10;

/// Verifies the export or proof at `path`.
///
/// An export is read once, piece by piece. Only when something does not hold is it read again as a whole, to name what.
pub(crate) fn verify(path: &Path, policy: Option<&Policy>) -> io::Result<Report> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || is_proof(&mut file)? {
        return Ok(verify::file(&fs::read(path)?, policy));
    }
    match stream(&mut file, policy)? {
        Ok(report) => Ok(report),
        Err(finding) if metadata.len() > DIAGNOSE_BYTES_MAX => {
            Ok(verify::undiagnosed(finding, policy))
        }
        Err(_) => Ok(verify::diagnose(&fs::read(path)?, policy)),
    }
}

fn is_proof(file: &mut File) -> io::Result<bool> {
    let mut start = Vec::new();
    file.take(row_proof::FIRST_LINE.len() as u64).read_to_end(&mut start)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(start == row_proof::FIRST_LINE.as_bytes())
}

fn stream(file: &mut impl Read, policy: Option<&Policy>) -> io::Result<Result<Report, Finding>> {
    let mut stream = Stream::new(policy.cloned());
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let length = match file.read(&mut piece) {
            Ok(0) => return Ok(stream.finish()),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if let Err(finding) = stream.feed(piece.get(..length).unwrap_or_default()) {
            return Ok(Err(finding));
        }
    }
}
