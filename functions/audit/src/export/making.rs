//! What is read, and into which form.

use domain::{AuditFilter, ExportId, FilterError};
use store::Partition;

use super::{
    ExportError, Extent, Format, bundled,
    file::{ExportFile, Written},
    reading::Reading,
};
use crate::{
    State, anchor,
    purged::Kept,
    search::{self, Row},
    witnessed::{self, HeadChoice, Witnessed},
};

/// A file that waits to be stored, and what is in it.
pub(crate) struct Made {
    pub(crate) file: Written,
    /// How many rows.
    pub(crate) rows: u64,
    /// How many witnesses cosigned the head that it goes up to.
    pub(crate) witnesses: usize,
    /// Whether it shows a time stamp of an authority.
    pub(crate) stamped: bool,
}

/// Whether there can be such a file.
pub(crate) fn check(format: Format, filter: &AuditFilter) -> Result<(), ExportError> {
    if format == Format::Bundle && !filter.names().is_empty() {
        let expected = "left out of a bundle, which proves the whole log; choose another format";
        return Err(FilterError { parameter: "filters", expected }.into());
    }
    Ok(())
}

/// Writes the rows that are signed and fit `filter` into the file of `export`.
pub(crate) async fn make(
    state: &State,
    data: &Partition,
    (export, format): (ExportId, Format),
    filter: &AuditFilter,
    extent: Extent,
) -> Result<Made, ExportError> {
    let current = state.log(data).await?;
    let log = &extent.epoch.map_or_else(|| current.clone(), |epoch| current.in_epoch(epoch));
    let is_current = log.epoch() == current.epoch();
    if is_current && format == Format::Bundle && extent.head == HeadChoice::Newest {
        anchor::refresh(state, log).await?;
    }
    let Witnessed { head, witnesses } = witnessed::head(state, log, extent.head).await?;
    let mut file = ExportFile::begin(state, log.tenant(), export, format).await?;
    let (rows, stamped) = if format == Format::Bundle {
        let stamped = bundled::write(state, log, &head, extent.details, &mut file).await?;
        (head.size, stamped)
    } else {
        let span = search::span(log, filter, head.size).await?;
        let reading = Reading::of(state, log, span)?;
        (write_lines(reading, format, filter, &mut file).await?, false)
    };
    Ok(Made { file: file.end().await?, rows, witnesses, stamped })
}

/// A line for each row that fits. How many.
async fn write_lines(
    mut reading: Reading<'_>,
    format: Format,
    filter: &AuditFilter,
    file: &mut ExportFile,
) -> Result<u64, ExportError> {
    file.append(format.head().as_bytes()).await?;
    let mut rows = 0;
    while let Some(kept) = reading.next().await? {
        let Kept::Row(row) = kept else { continue };
        if filter.matches(&Row::parse(&row)?.view()) {
            file.append(format.line(&row)?.as_bytes()).await?;
            rows += 1;
        }
    }
    Ok(rows)
}
