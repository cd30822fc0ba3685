using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using PolaFormer.Detection;
using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Configuration;
using PolaFormer.Detection.Data;
using PolaFormer.Detection.Evaluation;
using PolaFormer.Detection.Losses;
using PolaFormer.Detection.Masks;
using PolaFormer.NN;
using PolaFormer.Onnx;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Tensors.Random;
using PolaFormer.Tensors.Threading;

// Time and memory of detectors, one measurement a process; compare.sh runs them beside ONNX Runtime and prints a table.
var what = new Argument<string>("WHAT") { Description = "export, dense, detect, profile, train or evaluate." };
what.AcceptOnlyFromAmong("export", "dense", "detect", "profile", "train", "evaluate");
var name = new Option<string>("--model") { DefaultValueFactory = _ => "maskrcnn_b2_1x" };
var size = new Option<int[]>("--size") { AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [800, 1216] };
var threads = new Option<int>("--threads") { DefaultValueFactory = _ => 2 };
var seconds = new Option<double>("--seconds") { DefaultValueFactory = _ => 10 };
var count = new Option<int>("--images") { DefaultValueFactory = _ => 5000 };
var output = new Option<string>("--output") { DefaultValueFactory = _ => "dense.onnx" };
var command = new RootCommand("Measures detectors.") { what, name, size, threads, seconds, count, output };
command.SetAction(parsed =>
{
    Workers.ThreadCount = parsed.GetValue(threads);
    int[] sides = parsed.GetValue(size)!;
    switch (parsed.GetRequiredValue(what))
    {
        case "export":
            OnnxExporter.ExportMaps(new DensePart(Made(parsed.GetValue(name)!)), OnnxImageSize.Fixed(sides[0], sides[1]), parsed.GetValue(output)!);
            break;
        case "dense":
            Dense(Made(parsed.GetValue(name)!), sides, parsed.GetValue(seconds));
            break;
        case "detect":
            Detect(Made(parsed.GetValue(name)!), sides, parsed.GetValue(seconds));
            break;
        case "profile":
            ProfileOf(Made(parsed.GetValue(name)!), sides, parsed.GetValue(seconds));
            break;
        case "train":
            Train(Made(parsed.GetValue(name)!), sides, parsed.GetValue(seconds));
            break;
        default:
            Evaluate(parsed.GetValue(count));
            break;
    }

    Tell("peak memory", Process.GetCurrentProcess().PeakWorkingSet64 / 1e9, "GB");
});
return command.Parse(args).Invoke();

static RegionDetector Made(string name)
{
    var detector = (RegionDetector)DetectorRegistry.Find(name).Config.Create();
    detector.Initialize(1);

    // Classes that differ: drawn weights alone give every class the same score, and nothing would be found.
    Parameter scores = detector.NamedParameters().First(entry => entry.Name.EndsWith("fc_cls.weight", StringComparison.Ordinal)).Parameter;
    scores.Write<float>(static values =>
    {
        for (int i = 0; i < values.Length; i++)
            values[i] *= 30;
    });
    return detector;
}

static Tensor Images(int batch, int[] size, Device? device = null)
{
    float[] values = new float[batch * size[0] * size[1] * 3];
    new Philox(1, 2).FillNormal(values, 0);
    return Tensor.From(values, [batch, size[0], size[1], 3], device);
}

static ImageInfo Info(int[] size) => new() { Height = size[0], Width = size[1], PaddedHeight = size[0], PaddedWidth = size[1], OriginalHeight = size[0], OriginalWidth = size[1] };

static void Dense(RegionDetector detector, int[] size, double seconds)
{
    detector.Evaluate();
    detector.OptimizeForInference();
    using GradMode mode = GradMode.Disable();
    Tensor images = Images(1, size);
    Tell("backbone, pyramid and proposal network", Median(seconds, () => detector.Proposer.ForwardMaps(detector.ForwardMaps(images))), "ms");
}

// What no module computes is not the network: proposals, reading of regions, suppression, pasting.
static void Detect(RegionDetector detector, int[] size, double seconds)
{
    detector.Evaluate();
    detector.OptimizeForInference();
    using GradMode mode = GradMode.Disable();
    var device = new ProfilingDevice(Device.Cpu, () => OperatorOrigins.CurrentModule);
    Tensor images = Images(1, size, device);
    ImageInfo info = Info(size);
    ImageDetections found = ImageDetections.None;
    var wholes = new List<double>();
    List<double> dense = [], others = [];
    Median(seconds, () =>
    {
        device.Clear();
        long start = Stopwatch.GetTimestamp();
        found = detector.Detect(images, [info])[0];
        wholes.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        dense.Add(Of(device.Calls.Where(call => call.Caller.Length > 0 && !call.Caller.StartsWith("roi_head", StringComparison.Ordinal))));
        others.Add(wholes[^1] - Of(device.Calls.Where(call => call.Caller.Length > 0)));
    });
    Tell("detections", found.Count, "");
    Tell("whole", Middle(wholes), "ms");
    Tell("backbone, pyramid and proposal network", Middle(dense), "ms");
    Tell("outside the network", Middle(others), "ms");
    Tell("its share", 100 * Middle([.. others.Zip(wholes, (other, whole) => other / whole)]), "%");
    Tell("peak of tensors", Device.Cpu.MemoryStatistics.PeakBytesInUse / 1e9, "GB");

    static double Of(IEnumerable<DeviceCall> calls) => calls.Sum(call => call.Time.TotalMilliseconds);
}

static void ProfileOf(RegionDetector detector, int[] size, double seconds)
{
    detector.Evaluate();
    detector.OptimizeForInference();
    using GradMode mode = GradMode.Disable();
    var device = new ProfilingDevice(Device.Cpu, () => OperatorOrigins.CurrentModule);
    Tensor images = Images(1, size, device);
    var runs = new List<DeviceCall[]>();
    Median(seconds, () =>
    {
        device.Clear();
        detector.Detect(images, [Info(size)]);
        runs.Add([.. device.Calls]);
    });
    foreach (var line in from i in Enumerable.Range(0, runs.Min(run => run.Length))
                         let call = runs[0][i]
                         group (call, Ms: Middle([.. runs.Select(run => run[i].Time.TotalMilliseconds)])) by (Part(call.Caller), call.Operator, call.Result) into same
                         select (same.Key, Count: same.Count(), Ms: same.Sum(one => one.Ms), Macs: same.Sum(one => one.call.MultiplyAccumulates)))
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{line.Key.Item1,-44} {line.Key.Operator,-30} {line.Key.Result,-24} {line.Count,3} {line.Ms,9:0.0} ms {2e-6 * line.Macs / line.Ms,7:0.0} GFLOP/s"));
    }

    static string Part(string module) => string.Join('.', module.Split('.').Select(part => int.TryParse(part, CultureInfo.InvariantCulture, out _) ? "*" : part));
}

static void Train(RegionDetector detector, int[] size, double seconds)
{
    detector.Backbone.UseCheckpoint = true;
    detector.Train();
    Tensor images = Images(2, size);
    var masks = new BitmapMasks(size[0], size[1], [.. Enumerable.Range(0, 8).Select(i => RunLengthMask.FromBox(20 + (40 * i), 30, 120, 200, size[0], size[1]).ToBitmap())]);
    var objects = new ImageObjects([.. Enumerable.Range(0, 8).Select(i => new Box(20 + (40 * i), 30, 140 + (40 * i), 230))], [.. Enumerable.Range(0, 8)], masks);
    double step = Median(seconds, () =>
    {
        using var tape = Tape.Start();
        tape.Backward(NamedLoss.Total(detector.TrainingLosses(images, [Info(size), Info(size)], [objects, objects], n => [.. Enumerable.Range(0, n)])));
        detector.ZeroGrad();
    });
    Tell("training step of two images", step, "ms");
}

static void Evaluate(int count)
{
    const int perImage = 100, objects = 7;
    var random = new Philox(4, 4);
    ulong drawn = 0;
    float Next() => random.Uniform(drawn++);
    var images = new List<CocoImage>();
    var found = new List<ImageDetections>();
    for (int i = 0; i < count; i++)
    {
        var image = new CocoImage(i + 1, $"{i}.jpg", 480, 640);
        for (int j = 0; j < objects; j++)
        {
            (double x, double y, double w, double h) = (500 * Next(), 350 * Next(), 10 + (130 * Next()), 10 + (120 * Next()));
            image.Annotations.Add(new CocoAnnotation { Id = (i * objects) + j + 1, Category = 1 + (int)(80 * Next()), Box = (x, y, w, h), Area = w * h });
        }

        images.Add(image);
        Box[] boxes = [.. Enumerable.Range(0, perImage).Select(j => j < objects ? Near(image.Annotations[j].Box) : Anywhere())];
        found.Add(new ImageDetections(boxes, [.. boxes.Select(_ => Next())], [.. boxes.Select((_, j) => j < objects ? (int)image.Annotations[j].Category - 1 : (int)(80 * Next()))]));
    }

    var dataset = new CocoDataset(images, CocoCategories.Numbered(80).Select((category, i) => new CocoCategory(i + 1, category.Name)).ToArray());
    var clock = Stopwatch.StartNew();
    EvaluationTable table = CocoResults.Evaluate(dataset, found, comparesMasks: false);
    Tell("evaluation", clock.Elapsed.TotalSeconds, "s");
    Tell("AP", table.Summary[0], "");

    Box Near((double X, double Y, double Width, double Height) box)
    {
        float shift = 10 * Next();
        return new Box((float)box.X + shift, (float)box.Y + shift, (float)(box.X + box.Width), (float)(box.Y + box.Height));
    }

    Box Anywhere()
    {
        (float x, float y) = (500 * Next(), 350 * Next());
        return new Box(x, y, x + 10 + (120 * Next()), y + 10 + (120 * Next()));
    }
}

static double Median(double seconds, Action run)
{
    void Once()
    {
        using var scope = MemoryScope.Enter();
        run();
    }

    Once();
    var times = new List<double>();
    var clock = Stopwatch.StartNew();
    while (times.Count < 3 || clock.Elapsed.TotalSeconds < seconds)
    {
        long start = Stopwatch.GetTimestamp();
        Once();
        times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    return Middle(times);
}

static double Middle(List<double> values) => values.Order().ElementAt(values.Count / 2);

static void Tell(string what, double value, string unit) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-42} {value,10:0.###} {unit}"));
