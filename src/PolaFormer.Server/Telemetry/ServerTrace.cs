using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using PolaFormer.Server.Scheduling;

namespace PolaFormer.Server.Telemetry;

/// <summary>
/// Spans of a request: <c>decode</c> and <c>queue</c> under the span of the request; <c>batch</c>, linked to the requests whose inputs are
/// in it, with <c>compute</c> below.
/// </summary>
internal static class ServerTrace
{
    /// <summary>Name of the source.</summary>
    public const string SourceName = "PolaFormer.Server";

    private static readonly ActivitySource s_source = new(SourceName, BuildInformation.Version);

    /// <summary>Gives the span of a request its method and address as a name.</summary>
    public static Task NameRequest(HttpContext context, RequestDelegate next)
    {
        if (Activity.Current is { } span && context.GetEndpoint() is RouteEndpoint endpoint)
            span.DisplayName = $"{context.Request.Method} {endpoint.RoutePattern.RawText}";
        return next(context);
    }

    /// <summary>The preparation of an input.</summary>
    public static Activity? StartDecode() => s_source.StartActivity("decode");

    /// <summary>A batch, when it leaves the queue.</summary>
    /// <param name="batch">Its inputs.</param>
    /// <param name="start">When, on the clock of <see cref="Stopwatch"/>.</param>
    public static Activity? StartBatch(IReadOnlyList<WorkItem> batch, long start)
    {
        if (!s_source.HasListeners())
            return null;
        DateTime now = DateTime.UtcNow;
        foreach (WorkItem item in batch)
        {
            using Activity? queued = s_source.StartActivity("queue", ActivityKind.Internal, item.Trace, startTime: now - Stopwatch.GetElapsedTime(item.EnqueuedAt, start));
            queued?.SetEndTime(now);
        }

        Activity? span = s_source.StartActivity("batch", ActivityKind.Internal, default(ActivityContext), links: batch.Where(item => item.Trace != default).Select(item => new ActivityLink(item.Trace)));
        return span?.SetTag("polaformer.batch.size", batch.Count);
    }

    /// <summary>The pass through the network, under the batch.</summary>
    public static Activity? StartCompute(int count) => s_source.StartActivity("compute")?.SetTag("polaformer.batch.size", count);
}
