//! Opens the file of a track, with what an earlier run left of it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::time::Instant;

use super::super::Streaming;
use super::super::extra_files::INTERRUPTED;
use super::super::join::Join;
use super::super::list::waiting;
use super::super::part::{Chain, Parts};
use super::super::state::State;
use super::super::versions::Versions;
use super::live::Faults;
use super::renew::Renewal;
use super::{Content, List, Role, Track};
use crate::model::{Error, Kind, Result};
use crate::pipeline::sink::defect;

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
            media,
            form,
            mut warnings,
        } = list;
        let name = role.name();
        let plays = media.ended.then(|| media.plays());
        let mut parts = match role {
            Role::Caption(_) => Parts::among(streaming.texts.load(Ordering::Relaxed)),
            _ => Parts::default(),
        };
        parts.add_listed(media.segments, media.cut);
        if media.ended && parts.len() == 0 {
            return Err(Error::new(Kind::Missing, "the stream has no segments"));
        }
        let versions = Arc::new(Versions::default());
        let is_large = media.ended && form == Content::Medium;
        let file = parts.file().filter(|_| is_large).cloned();
        let version = match &file {
            Some(url) => {
                let version = streaming.version(url, named_by);
                streaming.mover.unless_draining(version).await??
            }
            None => None,
        };
        if let Some(total) = version.as_ref().and_then(|version| version.total) {
            parts.divide(total);
        }
        let parts = Arc::new(parts);
        let all = media
            .ended
            .then(|| (parts.len(), Chain::default().of(&parts, parts.len())));
        let place = streaming.place(&name);
        let beside = streaming.place(&waiting(&name));
        let fits = {
            let (parts, all) = (parts.clone(), all.clone());
            let identity = (
                streaming.job.item.source.clone(),
                streaming.job.item.key.clone(),
            );
            Arc::new(move |state: &State| {
                (&state.source, &state.key) == (&identity.0, &identity.1)
                    && state
                        .all
                        .as_ref()
                        .is_none_or(|known| all.as_ref() == Some(known))
                    && state.count <= parts.len()
                    && Chain::default().of(&parts, state.count) == state.chain
            })
        };
        let algorithm = streaming.mover.digest;
        let asked = fits.clone();
        if let Some(recording) =
            Join::unresumable_recording(place.clone(), algorithm, move |state| asked(state)).await?
        {
            let named = streaming
                .mover
                .name_beside(streaming.job, &place, recording, INTERRUPTED);
            let name = named.await?;
            warnings.push(format!("what an earlier run recorded of it is in `{name}`"));
        }
        let known = versions.clone();
        let fits = move |state: &State| {
            let is_it = fits(state);
            if is_it {
                known.load(&state.files);
            }
            is_it
        };
        let mut join = Join::open(place, beside, algorithm, fits).await?;
        // The initialization may be the same in all versions of a film.
        if !join.is_proven() && parts.is_map(join.next()) {
            join.recheck_waiting();
        }
        if let Some((url, version)) = file.zip(version)
            && versions.check(&url, version.clone()).is_err()
        {
            join.restart(algorithm).await?;
            versions.clear();
            versions.check(&url, version)?;
        }
        Ok(Track {
            url,
            named_by,
            // The closures that check the fit have been dropped by now.
            parts: Arc::into_inner(parts)
                .ok_or_else(|| defect("the check whether they fit is not over"))?,
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
