using System.CommandLine;
using PolaFormer.Cuda;
using PolaFormer.Distributed.Mpi;
using PolaFormer.Files;
using PolaFormer.NN.Attention;
using PolaFormer.Tensors.Threading;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Cli;

/// <summary>Options and output that several commands share.</summary>
internal static class CommonOptions
{
    // More threads than any machine has processors only wait for each other.
    private const int MostThreads = 1024;

    /// <summary>Output for programs.</summary>
    public static Option<bool> JsonOutput() => new("--json") { Description = "Print JSON instead of text." };

    /// <summary>Views of an image.</summary>
    public static Option<ImageViews> Views() => new("--views") { HelpName = "one|mirrored|zoomed", Description = "What is shown of an image, probabilities averaged: one, mirrored (two: the image and its mirror image) or zoomed (six: the image, its middle 80 % and 65 %, and their mirror images)." };

    /// <summary>Fast instead of exact decoding.</summary>
    public static Option<bool> FastDecode() => new("--fast-decode") { Description = "Decode large JPEGs at reduced size: faster, slightly different pixels." };

    /// <summary>Worker threads.</summary>
    public static Option<int?> Threads() => new("--threads") { HelpName = "N", Description = "Threads to compute with; all processors by default.", CustomParser = Numbers.OneOrNone(1, MostThreads) };

    /// <summary>Another attention in a model.</summary>
    public static Option<string?> Attention() => new("--attention", "--mechanism")
    {
        HelpName = "NAME[,NAME…]",
        Description = $"Put another attention into the model's stages, one for all of them or one each (MODEL.ATTENTION), options behind a name as in polarity(alpha=3): {string.Join(", ", AttentionRegistry.All.Select(entry => entry.Name))}.",
    };

    /// <summary>The names that <see cref="Attention"/> gives, checked; none without it.</summary>
    public static string[] NamesOf(string? attention)
    {
        if (attention is null)
            return [];
        string[] names = AttentionRegistry.Names([attention]);
        if (names.Length == 0)
            throw new ArgumentException($"--attention takes names of attentions, not '{attention}'.");
        foreach (string name in names)
            AttentionRegistry.Find(name);
        return names;
    }

    /// <summary>Where a command computes.</summary>
    public static Option<string?> Device() => new("--device") { HelpName = "cpu|cuda[:N]", Description = "Compute on the processor (the default) or on NVIDIA's GPU number N, from 0; 'models --devices' lists them." };

    /// <summary>Applies <see cref="Device"/> until the result is disposed.</summary>
    /// <param name="name">The device; the processor where null.</param>
    /// <param name="isMixed">Whether products are to round their operands (AMP_TYPE).</param>
    /// <exception cref="ArgumentException">There is no such device, or the processor is to round.</exception>
    /// <exception cref="CudaException">The GPU or its driver is missing.</exception>
    public static IDisposable UseDevice(string? name, bool isMixed = false)
    {
        if (name is not null && name != Tensors.Device.Cpu.Name)
            return UseGpu(name, isMixed);
        return isMixed ? throw new ArgumentException("AMP_TYPE bfloat16 is for GPUs: the processor computes in float32. Name one with --device cuda, or leave it at none.") : Tensors.Device.Cpu.Use();
    }

    /// <summary>Applies <see cref="Threads"/>.</summary>
    public static void UseThreads(int? threads)
    {
        if (threads is { } count)
            Workers.ThreadCount = count;
    }

    // Apart, so that the library of GPUs is loaded where one is asked for.
    private static IDisposable UseGpu(string name, bool isMixed)
    {
        CudaDevice.Register();
        // Workers of one machine take a GPU each.
        if (name == CudaDevice.Kind && MpiGroup.IsStarted && Gpu.Count is > 0 and var count)
            name = $"{CudaDevice.Kind}:{MpiGroup.RankOnMachine % count}";
        Tensors.Device device = Tensors.Device.Open(name);
        if (device is CudaDevice gpu)
            gpu.IsMixedPrecision = isMixed;
        return device.Use();
    }

    /// <summary>
    /// Makes sure, before work begins, that what a command writes replaces none of the files that it reads, no other output, and no
    /// file of another kind.
    /// </summary>
    /// <param name="outputs">Options, their files to write (null where one is not asked for), and the ending of such files ("" for any).</param>
    /// <param name="inputs">Files to read; null likewise.</param>
    /// <exception cref="FileException">An output is an input, or cannot be written.</exception>
    /// <exception cref="ArgumentException">An output has another ending, or two have one name.</exception>
    public static void CheckOutputs(IEnumerable<(string Option, string? Path, string Ending)> outputs, params IEnumerable<string?> inputs)
    {
        var written = new List<string>();
        foreach ((string option, string? path, string ending) in outputs)
        {
            if (path is null)
                continue;
            OutputFile.Check(path, inputs.OfType<string>());
            if (!path.EndsWith(ending, StringComparison.OrdinalIgnoreCase))
                throw new ArgumentException($"{option} {path}: this is written as {ending[1..].ToUpperInvariant()}; name the file …{ending}.");
            written.Add(path);
        }

        if (written.GroupBy(Path.GetFullPath).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new ArgumentException($"{twice.First()}: two results are to be written there. Choose another name for one.");
    }
}
