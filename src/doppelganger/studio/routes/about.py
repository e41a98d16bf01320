"""What this Studio is, and coming in."""

from typing import Annotated

from fastapi import APIRouter, Body, Request

from doppelganger import __version__
from doppelganger.studio.access.rates import address_of
from doppelganger.studio.access.token import opens
from doppelganger.studio.refusals import Refusal
from doppelganger.studio.routes.asking import TheStudio, limited
from doppelganger.studio.schema import About, DefaultsOut, Empty, LimitsOut, MarginsOut, VerifierOut, Visit, troubles

router = APIRouter(tags=["about"])

LICENCES = (
    "The program is free (Apache-2.0). Some of the networks that it uses may only be used for research and other "
    "non-commercial purposes; `doppelganger weights list` names each with its licence."
)


@router.get("/api/about", responses=troubles())
async def about(request: Request, studio: TheStudio) -> About:
    """What this Studio is and allows. For everybody."""
    config = studio.config
    return About(
        version=__version__,
        token_needed=config.token_hash is not None,
        signed_in=request.state.person is not None,
        verifiers=[VerifierOut(**row) for row in studio.looking.verifiers],
        limits=LimitsOut(
            bytes=config.limits.body_bytes,
            pixels=config.limits.pixels,
            uploads=config.limits.uploads_an_hour,
            jobs=config.limits.jobs_a_person,
            keep_hours=config.keep_hours,
        ),
        defaults=DefaultsOut(**studio.looking.defaults),
        margins=MarginsOut(least=0, most=2),
        licences=LICENCES,
    )


@router.post("/api/visit", responses=troubles(400, 401, 413, 422))
async def visit(visit: Annotated[Visit, Body()], request: Request, studio: TheStudio) -> Empty:
    """Come in: sets the cookie that everything else asks for. A token is needed where `about` says so."""
    address, wanted = address_of(request.scope), studio.config.token_hash
    if request.state.person is not None and (visit.token is None or wanted is None):
        return Empty()
    if wanted is not None and not opens(visit.token, wanted):
        limited(studio.quotas.wrong_tokens.take(address), "There were too many wrong tokens; wait some minutes.")
        raise Refusal(401, "token", "This token does not open the Studio; use the link that it printed when it began.")
    if wanted is not None:
        limited(studio.quotas.wrong_tokens.empty(address), "There were too many wrong tokens; wait some minutes.")
    if request.state.person is None:
        limited(studio.quotas.visits.take(address), "Too many people came from this address; wait a little.")
        _, request.state.cookie = studio.tables.people.welcome()
    return Empty()


@router.get("/api/health", responses=troubles())
async def health() -> Empty:
    """For supervisors."""
    return Empty()
