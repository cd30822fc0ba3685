using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using PolaFormer.Server.Telemetry;

namespace PolaFormer.Server.Tests;

public sealed partial class TelemetryTests(SharedServer shared) : IClassFixture<SharedServer>
{
    // In a process of its own: several servers in one would count into each other's meters.
    [Fact]
    public async Task MetricsAreThoseThatTheDashboardAsksFor()
    {
        using ServerProcess server = await ServerProcess.StartAsync("--model", $"cifar={Checkout.Classifier}", "--capacity", "1");
        byte[] photo = File.ReadAllBytes(Checkout.Photograph("cat"));
        using var two = new MultipartFormDataContent { { new ByteArrayContent(photo), "image", "a.jpg" }, { new ByteArrayContent(photo), "image", "b.jpg" } };
        foreach ((HttpContent content, int expected) in new (HttpContent, int)[] { (new ByteArrayContent(photo), 200), (new ByteArrayContent([1]), 422), (two, 413) })
        {
            using HttpResponseMessage response = await server.Client.PostAsync("/v1/predict", content, TestContext.Current.CancellationToken);
            Assert.Equal(expected, (int)response.StatusCode);
        }

        string metrics = "\n" + await server.Client.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
        string[] names = [.. MetricName().Matches(File.ReadAllText(Path.Combine(Checkout.Root, "deploy", "grafana-dashboard.json"))).Select(match => match.Value).Distinct(), "polaformer_build_info"];
        Assert.True(names.Length > 10);
        Assert.All(names, name => Assert.Contains($"\n{name}", metrics, StringComparison.Ordinal));
        Assert.Contains(metrics.Split('\n'), line => line.StartsWith("polaformer_requests_total{", StringComparison.Ordinal) && line.Contains("model=\"cifar\"", StringComparison.Ordinal) && line.Contains("status=\"422\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task SpansGoToTheCollectorThatTheEnvironmentNames()
    {
        const int terminate = 15;
        var sent = new ConcurrentQueue<string>();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        await using WebApplication collector = builder.Build();
        collector.Urls.Add("http://127.0.0.1:0");
        collector.MapPost("/v1/traces", async (HttpContext context) =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            sent.Enqueue(Encoding.Latin1.GetString(body.ToArray()));
        });
        await collector.StartAsync(TestContext.Current.CancellationToken);
        using ServerProcess server = await ServerProcess.StartAsync([], [], ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Urls.First()), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"));
        using HttpResponseMessage response = await server.Client.PostAsync("/v1/predict", new ByteArrayContent(File.ReadAllBytes(Checkout.Photograph("cat"))), TestContext.Current.CancellationToken);
        server.Signal(terminate);
        await server.EndAsync();
        string all = string.Concat(sent);
        Assert.All(["decode", "queue", "batch", "compute", "POST /v1/predict", "polaformer"], word => Assert.Contains(word, all, StringComparison.Ordinal));
    }

    [Fact]
    public async Task ARequestLeavesSpansOfDecodingQueueBatchAndComputing()
    {
        const string trace = "0af7651916cd43dd8448eb211c80319c";
        var ended = new List<Activity>();

        // The span of the batch ends after its answers are on their way.
        var batchEnded = new TaskCompletionSource<Activity>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is ServerTrace.SourceName or "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                lock (ended)
                    ended.Add(activity);
                if (activity.OperationName == "batch" && activity.Links.Any(link => link.Context.TraceId.ToHexString() == trace))
                    batchEnded.TrySetResult(activity);
            },
        };
        ActivitySource.AddActivityListener(listener);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/predict?model=cifar") { Content = new ByteArrayContent(File.ReadAllBytes(Checkout.Photograph("cat"))) };
        request.Headers.Add("traceparent", $"00-{trace}-b7ad6b7169203331-01");
        using HttpResponseMessage response = await shared.Server.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Activity batch = await batchEnded.Task.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        Activity[] all;
        lock (ended)
            all = [.. ended];
        Assert.Single(all, activity => activity.OperationName == "decode" && activity.TraceId.ToHexString() == trace);
        Assert.Single(all, activity => activity.OperationName == "queue" && activity.TraceId.ToHexString() == trace);
        Assert.Single(all, activity => activity.OperationName == "compute" && activity.ParentSpanId == batch.SpanId);
    }

    [GeneratedRegex(@"(polaformer|http_server)_[a-z_]+")]
    private static partial Regex MetricName();
}
