using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using PolaFormer.Models;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Training;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Conformance;

/// <summary>Networks and training of the Skyformer repository on Long Range Arena.</summary>
internal static partial class LongRangeArenaCases
{
    /// <summary>Runs a case; what it checks is told by what it holds.</summary>
    public static void Run(FixtureCase fixture, Comparison comparison)
    {
        if (fixture.Has("out.logits"))
            RunNetwork(fixture, comparison);
        else if (fixture.Has("out.loss_per_step"))
            RunTraining(fixture, comparison);
        else
            RunSchedules(fixture, comparison);
    }

    // Logits and the loss of each sequence.
    private static void RunNetwork(FixtureCase fixture, Comparison comparison)
    {
        bool isDual = fixture.Has("in.input_ids_1");
        SequenceClassifier network = SequenceNetwork.Of(fixture, isDual);
        var baseline = new Baseline { Fixture = fixture };
        baseline.Part("", network);
        baseline.Run(comparison, () =>
        {
            Tensor tokens = baseline.Input("input_ids_0");
            if (isDual)
                tokens = Tensor.Concat(1, Paired(tokens), Paired(baseline.Input("input_ids_1")));
            Tensor logits = network.Forward(tokens);
            return [("logits", logits), ("loss", logits.CrossEntropy(Targets(fixture, "in.label", network)))];
        });

        static Tensor Paired(Tensor tokens) => tokens.Reshape(tokens.Shape[0], 1, tokens.Shape[1]);
    }

    private static void RunTraining(FixtureCase fixture, Comparison comparison)
    {
        string recipe = fixture.Meta.Text("note") ?? "";
        Match cycle = Cycle().Match(recipe), rule = Rule().Match(recipe);
        if (!cycle.Success || !rule.Success)
            throw new CapabilityMissingException($"The recipe '{recipe}' is not understood");
        var schedule = OneCycleSchedule.FromPeak(Number(cycle, "rate"), (long)Number(cycle, "warmup"), (long)Number(cycle, "total"));
        SequenceClassifier network = SequenceNetwork.Of(fixture, isDual: false);
        FormulaValues.Fill(network, fixture.Salt);
        network.Train();
        var optimizer = new AdamW([new ParameterGroup([.. network.NamedParameters()], Number(rule, "decay"))], eps: Number(rule, "eps"));
        double[] losses = new double[fixture.ShapeOf("out.loss_per_step")[0]];
        for (int t = 0; t < losses.Length; t++)
        {
            using var scope = MemoryScope.Enter();
            network.ZeroGrad();
            using (var tape = Tape.Start())
            {
                Tensor tokens = Tensor.From([.. fixture.Doubles($"in.ids.{t}").Select(id => (long)id)], fixture.ShapeOf($"in.ids.{t}"));
                Tensor loss = network.Forward(tokens).CrossEntropy(Targets(fixture, $"in.label.{t}", network)).Mean();
                tape.Backward(loss);
                losses[t] = loss.Item();
            }

            GradientClipping.ByValue(network.Parameters(), Number(rule, "clip"));
            optimizer.Beta1 = schedule.Beta1Of(t)!.Value;
            optimizer.Step(schedule.RateOf(t));
        }

        comparison.Close("out.loss_per_step", losses);
        Dictionary<string, Tensor> state = network.StateDict().ToDictionary();
        foreach (string name in fixture.Suffixes("final."))
            comparison.Close($"final.{name}", ForwardBackward.Widened(state[name]));
    }

    private static void RunSchedules(FixtureCase fixture, Comparison comparison)
    {
        foreach (string task in fixture.Suffixes("f64.lr."))
        {
            JsonElement arguments = fixture.Meta.GetProperty(task);
            int total = arguments.GetProperty("total_steps").GetInt32();
            var schedule = OneCycleSchedule.FromPeak(arguments.GetProperty("max_lr").GetDouble(), arguments.GetProperty("warmup").GetInt64(), total);
            comparison.Close($"f64.lr.{task}", [.. Enumerable.Range(0, total).Select(t => schedule.RateOf(t))], 1e-12 * schedule.BaseRate);
            comparison.Close($"f64.beta1.{task}", [.. Enumerable.Range(0, total).Select(t => schedule.Beta1Of(t)!.Value)], 1e-12);
        }
    }

    private static Tensor Targets(FixtureCase fixture, string key, SequenceClassifier network) =>
        SoftTargets.FromLabels([.. fixture.Doubles(key).Select(label => (int)label)], network.Config.NumClasses, 0);

    private static double Number(Match match, string group) => double.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"OneCycleLR\(max_lr (?<rate>\S+), pct_start (?<warmup>\d+)/\d+, linear, total_steps (?<total>\d+)\)")]
    private static partial Regex Cycle();

    [GeneratedRegex(@"clip_grad_value_ (?<clip>[\d.e-]+), AdamW lr \S+ eps (?<eps>\S+) wd (?<decay>[\d.e-]+)")]
    private static partial Regex Rule();
}
