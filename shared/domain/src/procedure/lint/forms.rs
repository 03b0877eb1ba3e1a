//! What single texts of a procedure must look like.

pub(super) fn is_name(text: &str, min: usize, max: usize, punctuation: &[u8]) -> bool {
    let is_alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (min..=max).contains(&text.len())
        && text.bytes().next().is_some_and(is_alphanumeric)
        && text.bytes().all(|byte| is_alphanumeric(byte) || punctuation.contains(&byte))
}

pub(super) fn is_semver(text: &str) -> bool {
    let is_number = |part: &str| part.parse::<u32>().is_ok_and(|number| number.to_string() == part);
    text.split('.').count() == 3 && text.split('.').all(is_number)
}

pub(super) fn is_plain_path(path: &str) -> bool {
    path.len() <= 4_096
        && path.strip_prefix('/').is_some_and(|rest| {
            rest.split('/').all(|part| !matches!(part, "" | "." | "..")) && !path.contains('\0')
        })
}

pub(super) fn is_argument(text: &str) -> bool {
    text.len() <= 1_024 && !text.contains('\0')
}

pub(super) fn is_web_url(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let authority = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    url.len() <= 2_048
        && url.bytes().all(|byte| byte.is_ascii_graphic())
        && authority.is_some_and(|authority| !authority.is_empty() && !authority.contains('@'))
}
