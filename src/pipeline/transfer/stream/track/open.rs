//! Opens the file of a track, with what an earlier run left of it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::time::Instant;
use url::Url;

use super::super::Streaming;
use super::super::identity::{Chain, Identity};
use super::super::join::Join;
use super::super::list::waiting;
use super::super::part::Parts;
use super::super::state::State;
use super::super::versions::Versions;
use super::live::Faults;
use super::renew::Renewal;
use super::{Content, List, Role, Track};
use crate::model::{Error, Kind, Result};
use crate::pipeline::sink::{Place, defect};
use crate::pipeline::stream::Media;
use crate::pipeline::transfer::response_head::Representation;

impl Track {
    /// Opens the track.
    pub(in super::super) async fn open(
        streaming: &Streaming<'_>,
        role: Role,
        list: List,
    ) -> Result<Track> {
        let List {
            url,
            named_by,
            mut media,
            form,
            mut warnings,
        } = list;
        let plays = media.ended.then(|| media.plays());
        let mut parts = listed_parts(streaming, &role, &mut media)?;
        let is_large = media.ended && form == Content::Medium;
        let file = parts.file().filter(|_| is_large).cloned();
        let version = match &file {
            Some(url) => {
                let version = streaming.version(url, named_by);
                streaming.mover.unless_draining(version).await??
            }
            None => None,
        };
        let file = file.zip(version);
        if let Some(total) = file.as_ref().and_then(|(_, version)| version.total) {
            parts.divide(total);
        }
        let fit = Arc::new(Fit::new(streaming, parts, media.ended));
        let name = role.name();
        let place = streaming.place(&name);
        if let Some(name) = name_unresumable(streaming, &place, &fit).await? {
            warnings.push(format!("what an earlier run recorded of it is in `{name}`"));
        }
        let versions = Arc::new(Versions::new(fit.parts.of_file));
        let beside = streaming.place(&waiting(&name));
        let join = open_join(streaming, (place, beside), file, &fit, &versions).await?;
        // The closures that check the fit have been dropped by now.
        let Fit { parts, all, .. } =
            Arc::into_inner(fit).ok_or_else(|| defect("the check whether they fit is not over"))?;
        Ok(Track {
            url,
            named_by,
            parts,
            live: !media.ended,
            ended: media.ended,
            surplus: media.surplus,
            target: media.target,
            ahead: media.ahead,
            join,
            chain: Chain::default(),
            all,
            versions,
            rendition: (media.rendition, plays),
            role,
            form,
            renewal: Renewal::default(),
            claim: (None, 0),
            arrived: Instant::now(),
            late: HashMap::new(),
            gone: HashSet::new(),
            open: Arc::default(),
            faults: Faults::default(),
            warnings,
        })
    }
}

/// What shows whether the state that an earlier run left is of this track.
struct Fit {
    source: String,
    key: String,
    parts: Parts,
    /// How many parts there are, and their identity, if no more will follow.
    all: Option<(usize, Identity)>,
}

impl Fit {
    /// Describes the track of these parts.
    fn new(streaming: &Streaming<'_>, parts: Parts, ended: bool) -> Fit {
        let item = &streaming.job.item;
        let count = parts.len();
        Fit {
            source: item.source.clone(),
            key: item.key.clone(),
            all: ended.then(|| (count, Chain::default().of(&parts, count))),
            parts,
        }
    }

    /// Whether this state is of the same item, and of parts that are among these.
    fn has(&self, state: &State) -> bool {
        let is_same_end = |(count, known): &(usize, Identity)| {
            let all = self.all.as_ref();
            all.is_some_and(|(here, all)| here == count && all.is_same(known))
        };
        (&state.source, &state.key) == (&self.source, &self.key)
            && state.all.as_ref().is_none_or(is_same_end)
            && state.count <= self.parts.len()
            && Chain::default()
                .of(&self.parts, state.count)
                .is_same(&state.chain)
    }
}

/// Takes the segments of a list as the parts of a track.
fn listed_parts(streaming: &Streaming<'_>, role: &Role, media: &mut Media) -> Result<Parts> {
    let mut parts = match role {
        Role::Caption(_) => Parts::among(streaming.texts.load(Ordering::Relaxed)),
        _ => Parts::default(),
    };
    parts.of_file = streaming.is_file(role);
    parts.rendition.clone_from(&media.rendition);
    parts.add_listed(std::mem::take(&mut media.segments), media.cut);
    if media.ended && parts.len() == 0 {
        return Err(Error::new(Kind::Missing, "the stream has no segments"));
    }
    Ok(parts)
}

/// Names what an earlier run recorded, if it cannot be resumed, and returns the name.
async fn name_unresumable(
    streaming: &Streaming<'_>,
    place: &Place,
    fit: &Arc<Fit>,
) -> Result<Option<String>> {
    let mover = streaming.mover;
    let fit = fit.clone();
    let recording =
        Join::unresumable_recording(place.clone(), mover.digest, move |state| fit.has(state));
    let Some(recording) = recording.await? else {
        return Ok(None);
    };
    let named = mover.name_interrupted(streaming.job, recording);
    named.await.map(Some)
}

/// Opens the file of the track and the one beside it, with what an earlier run left, unless that is of another version.
async fn open_join(
    streaming: &Streaming<'_>,
    (place, beside): (Place, Place),
    file: Option<(Url, Representation)>,
    fit: &Arc<Fit>,
    versions: &Arc<Versions>,
) -> Result<Join> {
    let algorithm = streaming.mover.digest;
    let (asked, known) = (fit.clone(), versions.clone());
    let fits = move |state: &State| {
        let is_it = asked.has(state);
        if is_it {
            known.load(&state.files);
        }
        is_it
    };
    let mut join = Join::open(place, beside, algorithm, fits).await?;
    // The initialization may be the same in all versions of a film.
    if !join.is_proven() && fit.parts.is_map(join.next()) {
        join.recheck_waiting();
    }
    if let Some((url, version)) = file
        && versions.check(&url, version.clone()).is_err()
    {
        join.restart(algorithm).await?;
        versions.clear();
        versions.check(&url, version)?;
    }
    Ok(join)
}
