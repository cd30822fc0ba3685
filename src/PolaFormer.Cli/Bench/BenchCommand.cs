using System.CommandLine;
using PolaFormer.Cli.Analysis;

namespace PolaFormer.Cli.Bench;

/// <summary><c>bench</c>: time and memory.</summary>
internal static class BenchCommand
{
    public static Command Create() => new("bench", "Measure time and memory: of inference, of a training step, of attentions, of their kernels, of a recipe's batches, or of messages between workers.")
    {
        NetworkBench.Create(isTraining: false),
        NetworkBench.Create(isTraining: true),
        CompareCommand.Create("attention"),
        KernelBench.Create(),
        ThroughputBench.Create(),
        MessageBench.Create(),
    };
}
