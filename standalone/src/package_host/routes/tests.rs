//! Which paths belong to which template.

use super::*;

fn matched(route: &str, path: &str) -> Option<String> {
    let template = Template::parse("api", route).unwrap();
    let path = segments(path);
    template.fits(&path).then(|| {
        template
            .parameters(&path)
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join(" ")
    })
}

#[test]
fn every_form_of_a_segment_takes_what_it_should() {
    assert_eq!(matched("a/b", "/api/A/b/"), Some(String::new()));
    assert_eq!(matched("a/b", "/api/a"), None);
    assert_eq!(matched("a/b", "/api/a/b/c"), None);
    assert_eq!(matched("a/{x}", "/api/a/1"), Some("x=1".to_owned()));
    assert_eq!(matched("a/{x}", "/api/a"), None);
    assert_eq!(matched("a/{x?}", "/api/a"), Some(String::new()));
    assert_eq!(matched("a/{x?}", "/api/a/1"), Some("x=1".to_owned()));
    assert_eq!(matched("a/{*x}", "/api/a"), Some("x=".to_owned()));
    assert_eq!(matched("a/{*x}", "/api/a/1/2"), Some("x=1/2".to_owned()));
    assert_eq!(matched("a/{*x}", "/other/a/1"), None);
    let guid = "/api/0c0f9a7e-0000-4000-8000-000000000000";
    assert!(matched("{id:guid}", guid).is_some() && matched("{id:guid}", "/api/1").is_none());
    assert!(matched("{id:int}", "/api/-1").is_some() && matched("{id:int}", "/api/a").is_none());
    assert!(
        matched("{id:alpha}", "/api/a1").is_none() && matched("{id:bool}", "/api/True").is_some()
    );
    assert!(
        matched("{id:int}", "/api/3000000000").is_none()
            && matched("{id:long}", "/api/3000000000").is_some()
    );
}

#[test]
fn a_path_is_compared_without_its_disguises() {
    assert_eq!(matched("{*x}", "/api/a/../../take"), None);
    assert_eq!(matched("{*x}", "/api/%2e%2e/take"), None);
    assert_eq!(matched("{*x}", "//api/a"), None);
    assert_eq!(matched("{x}", "/api/a%20b"), Some("x=a b".to_owned()));
    assert_eq!(matched("{x}", "/api/a%2Fb"), Some("x=a%2Fb".to_owned()));
}

#[test]
fn the_more_exact_template_is_meant() {
    let rank = |route| Template::parse("api", route).unwrap().rank();
    let routes = ["a/b", "a/{x:int}", "a/{x}", "a/{*x}", "{*x}"];
    assert!(routes.windows(2).all(|pair| rank(pair[0]) < rank(pair[1])));
}

#[test]
fn a_template_that_cannot_be_read_is_refused() {
    for route in ["{*a}/b", "{a?}/b", "a{b}", "{}", "{a:regex(x)}", "{a=1}"] {
        assert!(matches!(Template::parse("api", route), Err(Rule::Route(..))), "{route}");
    }
}
