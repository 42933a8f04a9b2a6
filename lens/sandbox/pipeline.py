"""Process one call: limits, faults, the effect, the journal."""

import logging
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from lens.sandbox.bodies import would_write
from lens.sandbox.faults.kinds import AnswerLostError, Phase
from lens.sandbox.journal import Call, begin_call
from lens.sandbox.sandbox import Sandbox
from lens.sandbox.service import Service

log = logging.getLogger(__name__)

# Services answer with whole bodies, never with a stream.
Handler = Callable[[web.Request], Awaitable[web.Response]]


class Pipeline:
    """One call in progress.

    A fault may end it early, change its answer or lose it. The effect happens at most once and
    without waiting in between, so that a call has its whole effect or none.
    """

    def __init__(
        self, sandbox: Sandbox, service: Service, call: Call, request: web.Request, handler: Handler
    ) -> None:
        self.sandbox = sandbox
        self.service = service
        self.call = call
        self.response = web.Response()
        self._request = request
        self._handler = handler
        self._generation = sandbox.generation
        self._headers: Mapping[str, str] = {}

    @property
    def connected(self) -> bool:
        transport = self._request.transport
        return transport is not None and not transport.is_closing()

    def check_current(self) -> None:
        """Raise AnswerLostError if the sandbox was reset or stopped while this call waited."""
        if self._generation != self.sandbox.generation:
            raise AnswerLostError

    def changed(self) -> None:
        self.sandbox.changed()

    async def answer(self) -> web.Response:
        """Return the answer; raise AnswerLostError if the client gets none."""
        if await self._inject(Phase.ARRIVAL) or self._limit() or await self._inject(Phase.BEFORE):
            return self.response
        self.response = await self._take_effect()
        self.response.headers.update(self._headers)
        await self._inject(Phase.AFTER)
        return self.response

    async def _inject(self, phase: Phase) -> bool:
        """Apply the faults of a phase; return True if one of them gave the answer."""
        for fault in self.sandbox.faults.hitting(self.call, phase):
            self.call.fault = fault.kind.name
            injected = await fault.kind.act(self, fault.given, fault.cleared)
            if injected is not None:
                self.response, self.call.injected = injected, True
                return True
        return False

    def _limit(self) -> bool:
        verdict = self.sandbox.limits.check(self.call, self.service)
        self._headers = verdict.headers
        if verdict.refusal is None:
            return False
        self.response, self.call.injected = verdict.refusal, True
        self.response.headers.update(verdict.headers)
        self.call.fault = "limit"
        return True

    async def _take_effect(self) -> web.Response:
        self.service.advance()
        try:
            response = await self._handler(self._request)
        except web.HTTPException as refusal:
            # The router found no such endpoint or method, for which each service has its own error.
            response = self.service.fault_response(refusal.status)
        call = self.call
        call.effect_status = response.status
        requested = would_write(call.method, call.raw_body, call.content_type or "")
        call.wrote = requested and response.status < 300
        if call.wrote:
            self.changed()
        return response


def handle_calls(sandbox: Sandbox) -> Callable[..., Awaitable[web.Response]]:
    """Return the middleware that processes every call to a service."""

    @web.middleware
    async def handle_call(request: web.Request, handler: Handler) -> web.Response:
        service = sandbox.service_for(request.path)
        if service is None:
            return await handler(request)
        # Read here, so that the handler has the body and never waits for it.
        body = await request.read()
        call = begin_call(request, service.name, body)
        sandbox.journal.add(call)
        try:
            return await run_pipeline(Pipeline(sandbox, service, call, request, handler))
        except AnswerLostError:
            return close_connection(request)
        finally:
            sandbox.finish(call)

    return handle_call


async def run_pipeline(pipeline: Pipeline) -> web.Response:
    """Return the answer and store it in the journal. A bug in the sandbox is answered with 500."""
    try:
        response = await pipeline.answer()
    except AnswerLostError:
        raise
    except Exception as error:
        log.exception("The sandbox failed at %s %s", pipeline.call.method, pipeline.call.path)
        pipeline.call.crash = f"{type(error).__name__}: {error}"
        response = pipeline.service.fault_response(500)
    pipeline.call.answer(response)
    return response


def close_connection(request: web.Request) -> web.Response:
    """Close the connection as a crashing service would. The returned response is never sent."""
    if request.transport is not None:
        request.transport.close()
    return web.Response()
