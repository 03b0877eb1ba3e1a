//! One row and the proof that it is in the log, as one text (C2SP tlog-proof).
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! extra <base64 of the row's exact bytes>
//! index 7
//! <base64 of a hash>            the inclusion proof, leaf end first (RFC 9162 §2.1.3)
//!
//! audit.example.com/ten_…       the signed checkpoint, to the last byte
//! 8
//! …
//! ```
//!
//! `extra` is what C2SP leaves to the application. Here it is the row, so that one file is enough; it proves nothing until its hash
//! leads to the signed root. A proof of somebody else may lack it; then the row is given beside it.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::Hash;

/// The first line.
pub const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";
/// More hashes than the proof of any row in a tree of 2⁶⁴ has.
const HASHES_MAX: usize = 64;

/// A row's place in a log, and what shows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RowProof<'a> {
    /// The exact bytes of the row, where the text holds them.
    pub row: Option<Vec<u8>>,
    /// The row's number.
    pub index: u64,
    /// The inclusion proof, leaf end first.
    pub hashes: Vec<Hash>,
    /// The signed head: a note.
    pub checkpoint: &'a str,
}

/// A text is not a proof.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a proof of the form {FIRST_LINE}: {0}")]
pub struct RowProofError(&'static str);

impl<'a> RowProof<'a> {
    /// The text of the proof.
    pub fn to_text(&self) -> String {
        let extra = self
            .row
            .as_ref()
            .map_or(String::new(), |row| format!("extra {}\n", STANDARD.encode(row)));
        let hashes: String = self.hashes.iter().map(|hash| hash.to_base64() + "\n").collect();
        format!("{FIRST_LINE}\n{extra}index {}\n{hashes}\n{}", self.index, self.checkpoint)
    }

    /// Reads what [`to_text`](Self::to_text) writes, and nothing else: every proof has one spelling.
    ///
    /// # Errors
    /// [`RowProofError`]. The checkpoint is not looked at.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, RowProofError> {
        let text = str::from_utf8(bytes).map_err(|_| RowProofError("it is not UTF-8"))?;
        let parts = text.split_once("\n\n").ok_or(RowProofError("it has no empty line"))?;
        let (head, checkpoint) = parts;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(FIRST_LINE) {
            return Err(RowProofError("its first line is another"));
        }
        let row = lines.next_if(|line| line.starts_with("extra ")).map(row).transpose()?;
        let index = lines.next().and_then(|line| line.strip_prefix("index ")?.parse().ok());
        let index = index.ok_or(RowProofError("it has no line “index <number>”"))?;
        let hashes = lines.map(Hash::from_base64).collect::<Result<Vec<_>, _>>();
        let hashes = hashes.map_err(|_| RowProofError("a line is not the base64 of a hash"))?;
        if hashes.len() > HASHES_MAX {
            return Err(RowProofError("it has more hashes than any proof"));
        }
        let proof = Self { row, index, hashes, checkpoint };
        if proof.to_text() == text {
            Ok(proof)
        } else {
            Err(RowProofError("it has another spelling"))
        }
    }
}

fn row(line: &str) -> Result<Vec<u8>, RowProofError> {
    let text = line.strip_prefix("extra ").unwrap_or(line);
    STANDARD.decode(text).map_err(|_| RowProofError("its extra data is not base64"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of C2SP tlog-proof, with its abbreviated signatures as they stand there.
    const SPEC: &str = "c2sp.org/tlog-proof@v1\nindex 73894\ngSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\nB95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=\n\nexample.com/fancylog\n109482\nsFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=\n\n— example.com/fancylog hI2DJw[...]1roloI=\n";

    #[test]
    fn the_example_of_the_specification_is_read() {
        let proof = RowProof::parse(SPEC.as_bytes()).unwrap();
        assert_eq!((proof.index, proof.hashes.len(), proof.row.as_ref()), (73_894, 2, None));
        assert!(proof.checkpoint.starts_with("example.com/fancylog\n109482\n"));
        assert_eq!(proof.to_text(), SPEC);
        let with_row = RowProof { row: Some(b"{}".to_vec()), ..proof };
        assert_eq!(RowProof::parse(with_row.to_text().as_bytes()), Ok(with_row.clone()));
        assert!(with_row.to_text().contains("\nextra e30=\nindex 73894\n"));
    }

    #[test]
    fn another_spelling_is_refused() {
        for (from, to) in [
            ("@v1", "@v2"),
            ("index 73894", "index 073894"),
            ("index 73894", "index +73894"),
            ("index 73894", "index 18446744073709551616"),
            ("index 73894\n", ""),
            ("index", "extra e30\nindex"),
            ("index", "extra e30=\nextra e30=\nindex"),
            ("gSKyXo", "gSKyX"),
            ("PlQ=\n", "PlR=\n"),
            ("PlQ=\n", "PlQ=\r\n"),
            ("\n\n", "\n"),
        ] {
            let text = SPEC.replace(from, to);
            assert!(RowProof::parse(text.as_bytes()).is_err(), "{to:?}");
        }
        let long =
            SPEC.replacen("gSK", &"B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=\n".repeat(63), 1);
        assert!(RowProof::parse(long.as_bytes()).is_err());
        assert!(RowProof::parse(b"\xff").is_err());
    }
}
