//! Packages that cannot be told apart.

use super::{
    super::{
        function_json::Trigger,
        mistake::{Mistake, Rule},
    },
    FUNCTION_JSON, Package,
};

/// Two packages of one name.
pub(super) fn duplicates(packages: &[Package]) -> Vec<Mistake> {
    let mut seen = Vec::new();
    let mut mistakes = Vec::new();
    for package in packages {
        if seen.contains(&&package.name) {
            mistakes.push(Rule::DuplicatePackage(package.name.clone()).of(&package.root));
        }
        seen.push(&package.name);
    }
    mistakes
}

/// Two functions for one request: inside an app the Functions host refuses it; across apps nobody could tell here who is meant.
pub(super) fn overlaps(packages: &[Package]) -> Vec<Mistake> {
    let routed = packages.iter().flat_map(|package| {
        package.functions.iter().filter_map(move |function| match &function.trigger {
            Trigger::Http(http) => Some((package, function, http)),
            Trigger::Timer { .. } | Trigger::Queue { .. } | Trigger::EventGrid { .. } => None,
        })
    });
    let routed: Vec<_> = routed.collect();
    let mut mistakes = Vec::new();
    for (index, (package, function, http)) in routed.iter().enumerate() {
        let before = routed.iter().take(index).find(|(_, _, other)| {
            let methods_overlap = match (&http.methods, &other.methods) {
                (Some(methods), Some(others)) => !methods.is_disjoint(others),
                (None, _) | (_, None) => true,
            };
            methods_overlap && http.template.shape() == other.template.shape()
        });
        if let Some((owner, other, _)) = before {
            let other = format!("{}/{}", owner.name, other.name);
            let file = package.root.join(&function.name).join(FUNCTION_JSON);
            mistakes.push(Rule::OverlappingRoute(http.route.clone(), other).of(file));
        }
    }
    mistakes
}
