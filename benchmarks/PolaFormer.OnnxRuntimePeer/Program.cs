using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;

// Measures ONNX Runtime on a file and prints one line of JSON: the peer that ../peers/compare.py measures in turns with the engine.
Argument<FileInfo> file = new Argument<FileInfo>("FILE.onnx").AcceptExistingOnly();
var batch = new Option<int>("--batch") { DefaultValueFactory = _ => 1 };
var size = new Option<int[]>("--size") { Description = "Side of the images; height and width where two are given.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [224] };
var threads = new Option<int>("--threads") { DefaultValueFactory = _ => 2 };
var seconds = new Option<double>("--seconds") { DefaultValueFactory = _ => 3 };
var command = new RootCommand("Measures ONNX Runtime on a file.") { file, batch, size, threads, seconds };
command.SetAction(parsed => Measure(
    parsed.GetRequiredValue(file).FullName, parsed.GetValue(batch), parsed.GetValue(size)!, parsed.GetValue(threads), TimeSpan.FromSeconds(parsed.GetValue(seconds))));
return command.Parse(args).Invoke();

static void Measure(string file, int batch, int[] size, int threads, TimeSpan duration)
{
    using var options = new SessionOptions
    {
        GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
        ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
        IntraOpNumThreads = threads,
        InterOpNumThreads = 1,
    };

    // Masked softmax makes denormals, which are slow on many processors.
    options.AddSessionConfigEntry("session.set_denormal_as_zero", "1");
    using var session = new InferenceSession(file, options);

    float[] pixels = new float[batch * 3 * size[0] * size[^1]];
    var random = new Random(1);
    for (int i = 0; i < pixels.Length; i++)
        pixels[i] = random.NextSingle();
    using OrtValue images = OrtValue.CreateTensorValueFromMemory(pixels, [batch, 3, size[0], size[^1]]);
    using var run = new RunOptions();
    void RunOnce()
    {
        foreach (OrtValue output in session.Run(run, session.InputNames, [images], session.OutputNames))
            output.Dispose();
    }

    var clock = Stopwatch.StartNew();
    do
        RunOnce();
    while (clock.Elapsed < duration / 3);

    var times = new List<double>();
    clock.Restart();
    while (times.Count < 3 || clock.Elapsed < duration)
    {
        long start = Stopwatch.GetTimestamp();
        RunOnce();
        times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    times.Sort();
    int middle = times.Count / 2;
    Console.WriteLine(JsonSerializer.Serialize(new
    {
        peer = $"ONNX Runtime {OrtEnv.Instance().GetVersionString()}",
        threads,
        median_ms = times.Count % 2 == 1 ? times[middle] : (times[middle - 1] + times[middle]) / 2,
        peak_rss_bytes = Process.GetCurrentProcess().PeakWorkingSet64,
    }));
}
