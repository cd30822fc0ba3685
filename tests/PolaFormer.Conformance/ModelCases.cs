using System.Text.Json;
using PolaFormer.Checkpoints;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Conformance;

/// <summary>
/// Family B: reduced whole models. Evaluation logits, the loss of a training step, every gradient and statistic, a short
/// training run, checkpoint files, drop-path with given draws, loading weights of another resolution.
/// </summary>
internal static class ModelCases
{
    /// <summary>Runs a case; what it checks is told by what it holds.</summary>
    public static void Run(FixtureCase fixture, Comparison comparison)
    {
        JsonElement meta = fixture.Meta;
        if (meta.Field("source_model") is { } source && meta.Field("target_model") is { } target)
        {
            RunPretrained(fixture, comparison, source, target);
            return;
        }

        if (meta.Field("construct") is not { } construct)
        {
            CheckpointCases.RunOddities(fixture, comparison);
            return;
        }

        VisionModel model = ModelConstruction.FromArguments(construct, meta.Field("source")?.Text("common"));
        if (meta.Field("inputs") is not null)
            ForwardBackward.Run(fixture, comparison, new Subject(model, Layout.ChannelsFirst, Layout.Same));
        else
            RunWhole(fixture, comparison, model);
    }

    private static void RunWhole(FixtureCase fixture, Comparison comparison, VisionModel model)
    {
        JsonElement meta = fixture.Meta;
        if (meta.Field("params") is { } state)
            ForwardBackward.CompareState(comparison, state, model);
        if (meta.Field("param_count") is { } count)
            comparison.Same("param_count", model.ParameterCount, count.GetInt64());

        FormulaValues.Fill(model, fixture.Salt);
        if (meta.Field("drop_path_calls") is not null)
            SetDraws(fixture, comparison, model);
        CompareEvaluation(fixture, comparison, model);

        var step = new TrainingStep(fixture, model);
        TrainingStep.Outcome outcome = step.Run(0);
        comparison.Close("out.logits", outcome.Logits);
        comparison.Close("loss.value", [outcome.Loss]);
        if (fixture.Has("grad.in.input"))
            comparison.Close("grad.in.input", outcome.ImageGradient);
        ForwardBackward.CompareGradients(fixture, comparison, model);
        ForwardBackward.CompareStatistics(fixture, comparison, model);

        if (meta.Field("trajectory") is { } trajectory)
            Trajectory.Run(fixture, comparison, model, trajectory);
        CheckpointCases.RunFiles(fixture, comparison, model);
    }

    private static void CompareEvaluation(FixtureCase fixture, Comparison comparison, VisionModel model)
    {
        model.Evaluate();
        Shape shape = TrainingStep.InputShape(fixture);
        if (fixture.Has("eval.logits"))
            comparison.Close("eval.logits", model.Forward(Layout.ChannelsFirst.Import(FormulaValues.Symmetric($"{fixture.Salt}input", shape.Count), shape)).ToArray());
        if (fixture.Has("eval.logits_smooth"))
            comparison.Close("eval.logits_smooth", model.Forward(Layout.ChannelsFirst.Import(FormulaValues.SmoothImage(shape[2], shape[3]), [1, 3, shape[2], shape[3]])).ToArray());
    }

    // The j-th call, in execution order, of those that can drop anything.
    private static void SetDraws(FixtureCase fixture, Comparison comparison, VisionModel model)
    {
        DropPath[] all = [.. model.Modules().OfType<DropPath>()], active = [.. all.Where(module => module.Probability > 0)];
        comparison.Same("drop_path_calls", active.Length, fixture.Meta.GetProperty("drop_path_calls").GetInt32());
        if (fixture.Meta.Field("block_drop_probs") is { } probabilities)
        {
            double[] expected = [.. probabilities.EnumerateArray().Select(item => item.GetDouble())];
            for (int block = 0; block < expected.Length; block++)
                comparison.Within($"drop probability of block {block}", all[2 * block].Probability, expected[block], 1e-6);
        }

        int batch = TrainingStep.InputShape(fixture)[0];
        for (int j = 0; j < active.Length; j++)
            active[j].Draws = fixture.Has($"aux.drop.{j}") ? fixture.Floats($"aux.drop.{j}") : FormulaValues.Unit($"{fixture.Salt}drop.{j}", batch);
    }

    private static void RunPretrained(FixtureCase fixture, Comparison comparison, JsonElement sourceArguments, JsonElement targetArguments)
    {
        VisionModel source = ModelConstruction.FromArguments(sourceArguments, null), target = ModelConstruction.FromArguments(targetArguments, null);
        FormulaValues.Fill(source, fixture.Salt);
        FormulaValues.Fill(target, $"{fixture.Salt}target:");
        PretrainedLoader.Load(target, source);

        Dictionary<string, Tensor> state = target.StateDict().ToDictionary();
        foreach (string name in fixture.Suffixes("out."))
            comparison.Close($"out.{name}", state[name].ToArray());

        target.Evaluate();
        int batch = fixture.ShapeOf("eval.logits")[0];
        Shape shape = [batch, 3, target.ImageSize, target.ImageSize];
        Tensor features = target.ForwardFeatures(Layout.ChannelsFirst.Import(FormulaValues.Symmetric($"{fixture.Salt}input", shape.Count), shape));
        if (fixture.Has("eval.features"))
            comparison.Close("eval.features", target.ForwardPooled(features).ToArray());
        comparison.Close("eval.logits", target.ForwardHead(features).ToArray());
    }
}
