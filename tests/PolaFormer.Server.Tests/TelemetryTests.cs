using System.Diagnostics;
using System.Text.RegularExpressions;
using PolaFormer.Server.Telemetry;

namespace PolaFormer.Server.Tests;

public sealed partial class TelemetryTests(SharedServer shared) : IClassFixture<SharedServer>
{
    [Fact]
    public async Task MetricsTellOfRequestsQueuesBatchesAndTheBuild()
    {
        Assert.Equal(200, (await shared.Server.PostAsync("/v1/predict?model=cifar", File.ReadAllBytes(Checkout.Photograph("cat")))).Status);
        Assert.Equal(422, (await shared.Server.PostAsync("/v1/predict?model=cifar", [1])).Status);
        string text = await shared.Server.Client.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
        string[] lines = text.Split('\n');
        foreach (string name in new[] { "polaformer_queue_depth", "polaformer_inflight", "polaformer_model_ready", "polaformer_compute_duration_seconds_count", "polaformer_queue_duration_seconds_count", "polaformer_decode_duration_seconds_count", "polaformer_batch_size_count", "polaformer_build_info" })
            Assert.Contains(lines, line => line.StartsWith(name, StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("polaformer_requests_total{", StringComparison.Ordinal) && line.Contains("model=\"cifar\"", StringComparison.Ordinal) && line.Contains("status=\"422\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task TheDashboardAsksForMetricsThatThereAre()
    {
        await shared.Server.PostAsync("/v1/predict?model=cifar", File.ReadAllBytes(Checkout.Photograph("cat")));
        await shared.Server.PostAsync("/v1/predict?model=cifar", new MultipartFormDataContent());
        ((Repository.ModelRepository)shared.Server.Services.GetService(typeof(Repository.ModelRepository))!).Loaded[0].Meter.Rejected(0);
        string metrics = await shared.Server.Client.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
        string dashboard = File.ReadAllText(Path.Combine(Checkout.Root, "deploy", "grafana-dashboard.json"));
        string[] names = [.. MetricName().Matches(dashboard).Select(match => match.Value).Distinct()];
        Assert.True(names.Length > 10);
        Assert.All(names, name => Assert.Contains($"\n{name}", metrics, StringComparison.Ordinal));
    }

    [Fact]
    public async Task ARequestLeavesSpansOfDecodingQueueBatchAndComputing()
    {
        var ended = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is ServerTrace.SourceName or "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                lock (ended)
                    ended.Add(activity);
            },
        };
        ActivitySource.AddActivityListener(listener);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/predict?model=cifar") { Content = new ByteArrayContent(File.ReadAllBytes(Checkout.Photograph("cat"))) };
        const string trace = "0af7651916cd43dd8448eb211c80319c";
        request.Headers.Add("traceparent", $"00-{trace}-b7ad6b7169203331-01");
        using HttpResponseMessage response = await shared.Server.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Activity[] all;
        lock (ended)
            all = [.. ended];
        Activity batch = Assert.Single(all, activity => activity.OperationName == "batch" && activity.Links.Any(link => link.Context.TraceId.ToHexString() == trace));
        Assert.Single(all, activity => activity.OperationName == "decode" && activity.TraceId.ToHexString() == trace);
        Assert.Single(all, activity => activity.OperationName == "queue" && activity.TraceId.ToHexString() == trace);
        Assert.Single(all, activity => activity.OperationName == "compute" && activity.ParentSpanId == batch.SpanId);
    }

    [GeneratedRegex(@"(polaformer|http_server)_[a-z_]+")]
    private static partial Regex MetricName();
}
