using System.CommandLine;
using PolaFormer.Measurement;

namespace PolaFormer.Cli.Bench;

/// <summary><c>bench kernels</c>: the fused kernels of attention alone, queries, keys and values given.</summary>
internal static class KernelBench
{
    private const int MostChannels = 1 << 16, SecondsOfADay = 86400;

    public static Command Create()
    {
        string known = string.Join(", ", AttentionCase.Kinds);
        var kinds = new Argument<string[]>("KERNEL") { Arity = ArgumentArity.ZeroOrMore, Description = $"{known}; all where none is named." };
        var heads = new Option<int>("--heads") { HelpName = "H", Description = "Heads.", DefaultValueFactory = _ => 1, CustomParser = Numbers.One(1, MostChannels) };
        var dims = new Option<int[]>("--head-dim", "--dim") { HelpName = "D,…", Description = "Channels of a head, even; several give several series.", DefaultValueFactory = _ => [64], CustomParser = Numbers.Several(2, MostChannels), AllowMultipleArgumentsPerToken = true };
        var tokens = new Option<int[]>("--tokens") { HelpName = "N,…", Description = "Numbers of tokens.", DefaultValueFactory = _ => [.. AttentionResult.DefaultTokens], CustomParser = Numbers.Several(1, AttentionResult.MostTokens), AllowMultipleArgumentsPerToken = true };
        var plot = new Option<string?>("--plot") { HelpName = "FILE", Description = "Draw time over tokens: .png, .svg or .pdf." };
        var seconds = new Option<double>("--seconds") { HelpName = "S", Description = "How long to measure each case.", DefaultValueFactory = _ => 1, CustomParser = Numbers.One(0.0, SecondsOfADay) };
        Option<string?> earlier = BenchResults.Earlier();
        Option<int?> threads = CommonOptions.Threads();
        Option<bool> json = CommonOptions.JsonOutput();
        var command = new Command("kernels", "Measure the fused kernels of attention alone over the number of tokens, and from where the linear ones are faster than softmax.") { kinds, heads, dims, tokens, plot, seconds, earlier, threads, json };
        command.SetAction(parsed =>
        {
            CommonOptions.UseThreads(parsed.GetValue(threads));
            EarlierResult? before = BenchResults.Read(parsed.GetValue(earlier));
            Analysis.AnalysisOptions.CheckFigure("--plot", parsed.GetValue(plot));
            CommonOptions.CheckOutputs([("--plot", parsed.GetValue(plot), "")], parsed.GetValue(earlier));
            string[] named = parsed.GetValue(kinds) is { Length: > 0 } some ? some : [.. AttentionCase.Kinds];
            if (named.FirstOrDefault(kind => !AttentionCase.Kinds.Contains(kind)) is { } unknown)
                throw new ArgumentException($"There is no kernel '{unknown}'; kernels of their own have {known}. 'bench attention' measures every attention.");
            AttentionResult result = Measure(named, parsed.GetValue(heads), parsed.GetValue(dims)!, parsed.GetValue(tokens)!, TimeSpan.FromSeconds(parsed.GetValue(seconds)));
            if (parsed.GetValue(plot) is { } picture)
                CrossoverPlot.Of(result).Write(picture);
            BenchResults.Print(new AttentionOutput(result), before, parsed.GetValue(json));
        });
        return command;
    }

    private static AttentionResult Measure(string[] kinds, int heads, int[] dims, int[] tokens, TimeSpan duration)
    {
        if (dims.FirstOrDefault(dim => dim % 2 != 0) is > 0 and var odd)
            throw new ArgumentException($"--head-dim takes even numbers, not {odd}.");
        if (3L * heads * dims.Max() * tokens.Max() > int.MaxValue)
            throw new ArgumentException($"{tokens.Max()} tokens of {heads} × {dims.Max()} channels are more than a measurement takes.");
        return AttentionResult.Measure(kinds, heads, dims, [.. tokens.Distinct()], duration);
    }
}
