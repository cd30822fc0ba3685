using System.Text.Json;
using PolaFormer.Models;
using PolaFormer.Tensors;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Conformance;

/// <summary>A few steps of AdamW from the formula weights, with clipping and the learning rates of the case.</summary>
internal static class Trajectory
{
    /// <summary>Runs and compares losses, gradient norms and the final state.</summary>
    public static void Run(FixtureCase fixture, Comparison comparison, VisionModel model, JsonElement trajectory)
    {
        double[] rates = [.. fixture.Meta.GetProperty("lr_per_step").EnumerateArray().Select(rate => rate.GetDouble())];
        double[] betas = trajectory.Field("betas") is { } list ? [.. list.EnumerateArray().Select(beta => beta.GetDouble())] : [0.9, 0.999];
        double? clip = trajectory.Field("clip_grad")?.GetDouble();
        FormulaValues.Fill(model, fixture.Salt);
        var optimizer = new AdamW(ParameterGroup.Split(model, trajectory.GetProperty("weight_decay").GetDouble()), betas[0], betas[1], trajectory.GetProperty("eps").GetDouble());
        var step = new TrainingStep(fixture, model);
        double[] losses = new double[rates.Length];
        double[] norms = new double[rates.Length];
        for (int t = 0; t < rates.Length; t++)
        {
            losses[t] = step.Run(t).Loss;
            norms[t] = clip is { } max ? GradientClipping.ByNorm(model.Parameters(), max) : GradientClipping.Norm(model.Parameters());
            optimizer.Step(rates[t]);
        }

        comparison.Close("out.loss_per_step", losses);
        if (fixture.Has("out.grad_norm_per_step"))
            comparison.Close("out.grad_norm_per_step", norms);
        CompareFinal(fixture, comparison, model, trajectory);
    }

    // Where the true gradient is zero, Adam normalises rounding noise: the case lists those parameters.
    private static void CompareFinal(FixtureCase fixture, Comparison comparison, VisionModel model, JsonElement trajectory)
    {
        HashSet<string> noise = trajectory.Field("ill_conditioned") is { } list ? [.. list.EnumerateObject().Select(entry => entry.Name)] : [];
        Dictionary<string, Tensor> state = model.StateDict().ToDictionary();
        foreach (string name in fixture.Suffixes("final."))
        {
            if (noise.Contains(name))
                comparison.Excuse($"final.{name}");
            else
                comparison.Close($"final.{name}", ForwardBackward.Widened(state[name]));
        }
    }
}
