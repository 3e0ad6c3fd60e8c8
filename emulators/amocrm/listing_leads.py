"""`GET` of leads. Unlike those of companies, their lists never lag behind."""

from itertools import islice

from emulators.amocrm.account import ACCOUNT_ID
from emulators.amocrm.filtering import order_of, ordered, tests_of
from emulators.amocrm.leads import Lead, shown_lead
from emulators.amocrm.paging import page_of
from emulators.amocrm.state import State
from emulators.messages import HAL, Request, Response, answer, no_content


def get_list(state: State, request: Request) -> Response:
    book, parameters = state.fields["leads"], request.query()
    return page_of(
        request,
        "leads",
        found=lambda span: _found(state, parameters, span),
        shown=lambda lead: shown_lead(lead, book, account_id=ACCOUNT_ID),
    )


def get_one(state: State, request: Request) -> Response:
    lead = state.leads.live(int(request.params["id"]))
    if lead is None:
        return no_content()
    shown = shown_lead(lead, state.fields["leads"], account_id=ACCOUNT_ID)
    return answer(shown, content_type=HAL)


def _found(state: State, parameters: list[tuple[str, str]], span: slice) -> list[Lead]:
    tests = tests_of(
        state.fields["leads"], parameters, filter_enabled=state.settings.filter_enabled
    )
    key, newest = order_of(dict(parameters))
    live = (lead for lead in state.leads.by_id.values() if not lead.is_deleted)
    matching = (lead for lead in live if all(test(lead) for test in tests))
    return list(islice(ordered(matching, key, newest_first=newest), span.start, span.stop))
