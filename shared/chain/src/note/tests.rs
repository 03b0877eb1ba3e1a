//! Notes of other implementations, and what is no note.

use ed25519_dalek::SigningKey;

use super::*;

/// The example of C2SP signed-note.
const SPEC_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const SPEC_NOTE: &str = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
/// The examples of golang.org/x/mod/sumdb/note (documentation and tests): two keys, one text.
const GO_TEXT: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const GO_SEED: &str = "810a1402d5146c8d84f2443330f54080ebf98ee17d9c74f6252fc5d5c7283173";
const GO_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const GO_LINES: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

fn key(text: &str) -> VerifierKey {
    text.parse().unwrap()
}

fn verify(note: &str, keys: &[VerifierKey]) -> Result<Vec<String>, NoteError> {
    let signers = Note::parse(note.as_bytes())?.verify(keys)?;
    Ok(signers.into_iter().map(|key| key.name().to_owned()).collect())
}

#[test]
fn the_example_of_the_specification_is_believed() {
    assert_eq!(verify(SPEC_NOTE, &[key(SPEC_KEY)]), Ok(vec!["example.com/foo".to_owned()]));
    assert_eq!(key(SPEC_KEY).to_string(), SPEC_KEY);
}

#[test]
fn a_note_of_go_is_signed_with_the_same_bytes_and_believed_among_unknown_signatures() {
    let seed = hex::decode(GO_SEED).unwrap().try_into().unwrap();
    let signer = Signer::new("PeterNeumann", SigningKey::from_bytes(&seed)).unwrap();
    assert_eq!(signer.verifier_key().to_string(), GO_KEY);
    let both = format!("{GO_TEXT}\n{GO_LINES}");
    let first = both.split_inclusive('\n').take(4).collect::<String>();
    assert_eq!(signer.sign(GO_TEXT).unwrap(), first);
    assert_eq!(verify(&both, &[key(GO_KEY)]), Ok(vec!["PeterNeumann".to_owned()]));
}

#[test]
fn an_edited_text_and_a_stranger_are_refused() {
    let edited = SPEC_NOTE.replace("example message", "exemplary message");
    assert_eq!(
        verify(&edited, &[key(SPEC_KEY)]),
        Err(NoteError::Signature("example.com/foo".to_owned()))
    );
    assert_eq!(verify(SPEC_NOTE, &[key(GO_KEY)]), Err(NoteError::Unsigned));
    assert_eq!(verify(SPEC_NOTE, &[]), Err(NoteError::Unsigned));
    // The same name with another key, and so another id, is a stranger as well.
    let other =
        VerifierKey::new("example.com/foo", SigningKey::from_bytes(&[1; 32]).verifying_key());
    assert_eq!(verify(SPEC_NOTE, &[other.unwrap()]), Err(NoteError::Unsigned));
}

#[test]
fn a_wrong_signature_is_not_made_good_by_a_right_one() {
    let wrong = SPEC_NOTE.split_inclusive('\n').next_back().unwrap().replace("Ukn8", "Ukn9");
    let wrong = wrong.replace("Uw2QOkn8", "Uw2QOkn9");
    let note = format!("{SPEC_NOTE}{wrong}");
    assert_eq!(
        verify(&note, &[key(SPEC_KEY)]),
        Err(NoteError::Signature("example.com/foo".to_owned()))
    );
}

#[test]
fn what_is_not_a_note_is_refused() {
    let line = SPEC_NOTE.split_inclusive('\n').next_back().unwrap();
    for bytes in [
        String::new(),
        "text\n".to_owned(),
        "text\n\n".to_owned(),
        format!("text\n{line}"),
        format!("text\n\n{}", line.trim_end()),
        format!("te\txt\n\n{line}"),
        format!("text\n\n{}", line.replace('—', "-")),
        format!("text\n\n{}", line.replace("foo ", "foo  ")),
        format!("text\n\n{}", line.replace("foo ", "f+o ")),
        format!("text\n\n{}", line.replace('=', "")),
        "text\n\n— name AAAAAA==\n".to_owned(),
    ] {
        assert!(Note::parse(bytes.as_bytes()).is_err(), "{bytes:?}");
    }
    assert!(Note::parse(b"\xff\n\n\xe2\x80\x94 a AAAAAAA=\n").is_err());
}

#[test]
fn a_note_has_limits() {
    let line = SPEC_NOTE.split_inclusive('\n').next_back().unwrap();
    let lines = |count| format!("text\n\n{}", line.repeat(count));
    assert_eq!(Note::parse(lines(64).as_bytes()).unwrap().signatures.len(), 64);
    assert_eq!(Note::parse(lines(65).as_bytes()), Err(NoteError::TooLong));
    let long = |bytes: usize| format!("{}\n\n{line}", "x".repeat(bytes - 2 - line.len()));
    assert!(Note::parse(long(NOTE_BYTES_MAX).as_bytes()).is_ok());
    assert_eq!(Note::parse(long(NOTE_BYTES_MAX + 1).as_bytes()), Err(NoteError::TooLong));
}

/// As `TestNewVerifier` of golang.org/x/mod/sumdb/note: no part and no mangling of a key is a key.
#[test]
fn a_mangled_verifier_key_is_refused() {
    for start in 0..GO_KEY.len() {
        for end in start + 1..=GO_KEY.len() {
            let part = &GO_KEY[start..end];
            assert!(part == GO_KEY || part.parse::<VerifierKey>().is_err(), "{part}");
        }
    }
    for place in 0..GO_KEY.len() {
        let mut mangled = GO_KEY.as_bytes().to_vec();
        mangled[place] += 1;
        let mangled = String::from_utf8(mangled).unwrap();
        assert!(mangled.parse::<VerifierKey>().is_err(), "{mangled}");
    }
    for bad in [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ] {
        assert!(bad.parse::<VerifierKey>().is_err(), "{bad}");
    }
}
