using System.CommandLine;
using System.Diagnostics;
using PolaFormer.Checkpoints;
using PolaFormer.Models;
using PolaFormer.Pipelines;

// Measures the server on this machine: serving.sh runs it, docs/serving.md has the figures.
var network = new Argument<string>("NETWORK");
var file = new Argument<string>("FILE");
var make = new Command("make", "Writes a checkpoint of a registered network with random weights.") { network, file };
make.SetAction(parsed => Make(parsed.GetRequiredValue(network), parsed.GetRequiredValue(file)));

var server = new Option<string>("--server") { Required = true };
var checkpoint = new Option<string>("--checkpoint") { Required = true };
var images = new Option<string>("--images") { Required = true };
var peer = new Option<string?>("--peer");
var onnx = new Option<string?>("--onnx");
var options = new Option<string[]>("--with") { DefaultValueFactory = _ => [], Description = "Options of the server." };
var rounds = new Option<int>("--rounds") { DefaultValueFactory = _ => 3 };
var seconds = new Option<double>("--seconds") { DefaultValueFactory = _ => 10 };
var clients = new Option<int>("--clients") { DefaultValueFactory = _ => 16 };
var speed = new Command("speed", "Requests a second and latency, in turns with the library and a peer.") { server, checkpoint, images, peer, onnx, options, rounds, seconds, clients };
speed.SetAction((parsed, _) => SpeedAsync(parsed));

var requests = new Option<int>("--requests") { DefaultValueFactory = _ => 100_000 };
var mixed = new Command("mixed", "Requests of which some are bad, slow or cancelled.") { server, checkpoint, images, options, requests, clients };
mixed.SetAction(async (parsed, _) =>
{
    var photographs = Photographs.Read(parsed.GetRequiredValue(images), ImageClassifier.Load(parsed.GetRequiredValue(checkpoint)));
    using ServerUnderTest started = StartServer(parsed);
    return await new MixedLoad(started, photographs).RunAsync(parsed.GetValue(requests), parsed.GetValue(clients)) ? 0 : 1;
});

var restart = new Command("restart", "Kills the server under load and starts it again.") { server, checkpoint, images, options, rounds, clients };
restart.SetAction((parsed, _) => RestartAsync(parsed));

var swaps = new Option<int>("--swaps") { DefaultValueFactory = _ => 200 };
var swap = new Command("swap", "Swaps the model under load.") { server, checkpoint, images, options, swaps, clients };
swap.SetAction((parsed, _) => SwapAsync(parsed));

return await new RootCommand("Measures the server.") { make, speed, mixed, restart, swap }.Parse(args).InvokeAsync();

static void Make(string name, string path)
{
    VisionModel model = ModelRegistry.Find(name).Create();
    model.Initialize(1);
    var description = new ModelDescription { Model = name, ImageSize = model.ImageSize };
    SafetensorsWriter.Write(path, model.StateDict().Select(entry => new CheckpointTensor(entry.Name, entry.Tensor.DType, entry.Tensor.Shape, entry.Tensor.AsBytes().ToArray())), description.ToMetadata());
}

ServerUnderTest StartServer(ParseResult parsed) =>
    ServerUnderTest.Start(parsed.GetRequiredValue(server), ["--port", "0", "--model", $"m={parsed.GetRequiredValue(checkpoint)}", "--allow-model-control", .. parsed.GetValue(options)!]);

async Task SpeedAsync(ParseResult parsed)
{
    var classifier = ImageClassifier.Load(parsed.GetRequiredValue(checkpoint));
    var photographs = Photographs.Read(parsed.GetRequiredValue(images), classifier);
    var loop = new InProcessLoop(classifier, photographs.Files);
    var duration = TimeSpan.FromSeconds(parsed.GetValue(seconds));
    int count = parsed.GetValue(clients);
    int best = new[] { 1, 2, 4, 8, 16, 32 }.MaxBy(batch => loop.Rate(batch, duration / 4));
    var loops = new List<double>();
    var ours = new List<double>();
    var peers = new List<double>();
    for (int round = 0; round < parsed.GetValue(rounds); round++)
    {
        loops.Add(loop.Rate(best, duration));
        using (ServerUnderTest started = StartServer(parsed))
            ours.Add(await RateOf(started));
        if (parsed.GetValue(peer) is { } program)
        {
            using ServerUnderTest other = ServerUnderTest.Start(program, parsed.GetValue(onnx)!, $"{classifier.Transform.ImageSize}");
            peers.Add(await RateOf(other));
        }
    }

    double alone = loop.Latency(50), rate = Median(ours);
    var arrivals = new (string Name, Func<int, Random?> Random, List<double> Medians, List<double> Tails)[]
    {
        ("evenly spaced", _ => null, [], []),
        ("at random times", round => new Random(round), [], []),
    };
    double single;
    using (ServerUnderTest started = StartServer(parsed))
    {
        using var client = new LoadClient(started.Address, 256);
        await client.ThroughputAsync(photographs.Files, count, duration / 4);
        single = Median([.. await OneByOneAsync(client, photographs.Files, 100)]);
        for (int round = 0; round < parsed.GetValue(rounds); round++)
        {
            foreach (var (_, random, medians, tails) in arrivals)
            {
                double[] times = await client.LatenciesAsync(photographs.Files, 0.7 * rate, (int)Math.Clamp(0.7 * rate * duration.TotalSeconds, 200, 20_000), random(round));
                medians.Add(times[times.Length / 2]);
                tails.Add(times[(int)(times.Length * 0.99)]);
            }
        }
    }

    Console.WriteLine(FormattableString.Invariant($"library, batches of {best}: {Median(loops):F1} images/s; one image {alone:F2} ms"));
    Console.WriteLine(FormattableString.Invariant($"server, {count} clients: {rate:F1} requests/s, {rate / Median(loops):F2} of the library; one request {single:F2} ms"));
    if (peers.Count > 0)
        Console.WriteLine(FormattableString.Invariant($"peer: {Median(peers):F1} requests/s; the server has {rate / Median(peers):F2} times as many"));
    foreach (var (name, _, medians, tails) in arrivals)
        Console.WriteLine(FormattableString.Invariant($"at 70 % load, {name}: median {Median(medians):F2} ms, p99 {Median(tails):F2} ms, {Median(tails) / single:F2} times one request"));

    async Task<double> RateOf(ServerUnderTest started)
    {
        using var client = new LoadClient(started.Address, count);
        await client.ThroughputAsync(photographs.Files, count, duration / 4);
        return await client.ThroughputAsync(photographs.Files, count, duration);
    }
}

static async Task<IEnumerable<double>> OneByOneAsync(LoadClient client, IReadOnlyList<byte[]> files, int runs)
{
    var times = new List<double>();
    for (int i = 0; i < runs; i++)
    {
        long start = Stopwatch.GetTimestamp();
        await client.SendAsync(new ByteArrayContent(files[i % files.Count]));
        times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    return times;
}

async Task RestartAsync(ParseResult parsed)
{
    var photographs = Photographs.Read(parsed.GetRequiredValue(images), ImageClassifier.Load(parsed.GetRequiredValue(checkpoint)));
    var times = new List<double>();
    for (int round = 0; round < parsed.GetValue(rounds); round++)
    {
        ServerUnderTest first = StartServer(parsed);
        using (var load = new LoadClient(first.Address, parsed.GetValue(clients)))
        {
            Task answered = load.ThroughputAsync(photographs.Files, parsed.GetValue(clients), TimeSpan.FromMinutes(1));
            await Task.Delay(TimeSpan.FromSeconds(2));
            first.Dispose();
            await answered.ContinueWith(_ => { }, TaskScheduler.Default);
        }

        long start = Stopwatch.GetTimestamp();
        using ServerUnderTest second = StartServer(parsed);
        using var client = new LoadClient(second.Address, 1);
        (int status, byte[] body) = await client.SendAsync(new ByteArrayContent(photographs.Files[0]));
        times.Add(status == 200 && photographs.IsRight(0, body) ? Stopwatch.GetElapsedTime(start).TotalSeconds : throw new InvalidOperationException("The answer after the restart is wrong."));
    }

    Console.WriteLine(FormattableString.Invariant($"from kill -9 to the first right answer: median {Median(times):F2} s, most {times.Max():F2} s"));
}

async Task SwapAsync(ParseResult parsed)
{
    var photographs = Photographs.Read(parsed.GetRequiredValue(images), ImageClassifier.Load(parsed.GetRequiredValue(checkpoint)));
    using ServerUnderTest started = StartServer(parsed);
    using var client = new LoadClient(started.Address, parsed.GetValue(clients) + 1);
    long before = started.ResidentBytes, right = 0, wrong = 0;
    using var done = new CancellationTokenSource();
    Task[] load = [.. Enumerable.Range(0, parsed.GetValue(clients)).Select(number => Task.Run(async () =>
    {
        for (int i = number; !done.IsCancellationRequested; i++)
        {
            (int status, byte[] body) = await client.SendAsync(new ByteArrayContent(photographs.Files[i % photographs.Files.Count]));
            if (status == 200 && photographs.IsRight(i % photographs.Files.Count, body))
                Interlocked.Increment(ref right);
            else
                Interlocked.Increment(ref wrong);
        }
    }))];
    long middle = 0;
    for (int i = 0; i < parsed.GetValue(swaps); i++)
    {
        (int status, _) = await client.SendAsync(new ByteArrayContent([]), "/v2/repository/models/m/load");
        if (status != 200)
            throw new InvalidOperationException($"The server answered {status}.");
        if (i == parsed.GetValue(swaps) / 2)
            middle = started.ResidentBytes;
    }

    await done.CancelAsync();
    await Task.WhenAll(load);
    Console.WriteLine(FormattableString.Invariant($"{parsed.GetValue(swaps)} swaps: {right} requests right, {wrong} not; memory {before / 1e6:F0} MB before, {middle / 1e6:F0} in the middle, {started.ResidentBytes / 1e6:F0} after"));
}

static double Median(List<double> values)
{
    double[] sorted = [.. values.Order()];
    return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
}
