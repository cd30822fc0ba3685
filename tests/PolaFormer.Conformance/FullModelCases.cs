using System.Text.Json;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Conformance;

/// <summary>Family C: the published models at full size with formula weights. State dict, logits, and features of every stage.</summary>
internal static class FullModelCases
{
    private const double FeatureTolerance = 1e-4;

    /// <summary>Runs a case.</summary>
    public static void Run(FixtureCase fixture, Comparison comparison)
    {
        JsonElement meta = fixture.Meta;
        int imageSize = meta.GetProperty("img_size").GetInt32();
        VisionModel model = ModelConstruction.FromConfiguration(meta.GetProperty("model"), imageSize);
        CompareManifest(fixture, comparison, model);
        comparison.Same("param_count", model.ParameterCount, meta.GetProperty("param_count").GetInt64());
        comparison.Same("trainable_tensors", model.Parameters().Count(), meta.GetProperty("trainable_tensors").GetInt32());
        comparison.Same("state_dict_entries", model.StateDict().Count(), meta.GetProperty("state_dict_entries").GetInt32());

        FormulaValues.Fill(model, fixture.Salt);
        model.Evaluate();
        int batch = fixture.ShapeOf("out.logits_formula")[0];
        RunImages(fixture, comparison, model, "formula", FormulaValues.Symmetric($"{fixture.Salt}input", (long)batch * 3 * imageSize * imageSize), [batch, 3, imageSize, imageSize]);
        float[] logits = RunImages(fixture, comparison, model, "smooth", FormulaValues.SmoothImage(imageSize, imageSize), [1, 3, imageSize, imageSize]);
        model.OptimizeForInference();
        RunImages(fixture, comparison, model, "smooth", FormulaValues.SmoothImage(imageSize, imageSize), [1, 3, imageSize, imageSize]);
        if (meta.Field("top5_smooth") is { } top)
        {
            int[] order = [.. Enumerable.Range(0, logits.Length).OrderByDescending(index => logits[index])];
            comparison.SameList<int>("top5_smooth", order[..5], top.Integers());
        }
    }

    private static float[] RunImages(FixtureCase fixture, Comparison comparison, VisionModel model, string image, float[] values, Shape shape)
    {
        using GradMode mode = GradMode.Disable();
        using var scope = MemoryScope.Enter();
        var stages = new List<(string Stage, Tensor Features)>();
        Tensor features = model.ForwardFeatures(Layout.ChannelsFirst.Import(values, shape), stages);
        stages.Add(("pooled", model.ForwardPooled(features)));
        foreach ((string stage, Tensor map) in stages)
            CompareFeatures(fixture, comparison, image, stage, map);
        float[] logits = model.ForwardHead(features).ToArray();
        comparison.Close($"out.logits_{image}", logits);
        return logits;
    }

    private static void CompareFeatures(FixtureCase fixture, Comparison comparison, string image, string stage, Tensor map)
    {
        string name = $"{image}.{stage}";
        if (fixture.Meta.Field("features")?.Field($"{name}.float64") is not { } expected)
        {
            comparison.Fail($"the case has no features {name}");
            return;
        }

        Shape shape = expected.GetProperty("shape").ToShape();
        Layout layout = shape.Rank == 4 && map.Rank == 4 ? Layout.ChannelsFirst : Layout.Same;
        float[] values = layout.Export(map);
        comparison.Same($"size of {name}", values.Length, shape.Count);
        float[] weights = FormulaValues.Symmetric($"{fixture.Salt}check.{stage}", values.Length);
        double sum = 0, projection = 0;
        for (int i = 0; i < values.Length; i++)
        {
            sum += values[i];
            projection += (double)values[i] * weights[i];
        }

        double mean = sum / values.Length, squares = values.Sum(value => (value - mean) * (value - mean));
        double deviation = expected.GetProperty("std").GetDouble(), tolerance = FeatureTolerance * deviation;
        comparison.Within($"{name} mean", mean, expected.GetProperty("mean").GetDouble(), tolerance);
        comparison.Within($"{name} std", Math.Sqrt(squares / values.Length), deviation, tolerance);
        comparison.Within($"{name} projection", projection / Math.Sqrt(values.Length), expected.GetProperty("projection").GetDouble(), tolerance);
    }

    private static void CompareManifest(FixtureCase fixture, Comparison comparison, VisionModel model)
    {
        string path = fixture.PathOf("manifest.json");
        if (!File.Exists(path))
            return;
        using var manifest = JsonDocument.Parse(File.ReadAllBytes(path));
        string[] expected = [.. manifest.RootElement.EnumerateArray().Select(entry =>
            $"{entry.Text("name")} {entry.GetProperty("shape").ToShape()} {entry.Text("dtype")} {entry.Text("kind")}")];
        string[] actual = [.. model.StateDict().Select(entry =>
            $"{entry.Name} {entry.Tensor.Shape} {entry.Tensor.DType.ToString().ToLowerInvariant()} {(entry.Tensor is Parameter ? "parameter" : "buffer")}")];
        comparison.SameList<string>("manifest", actual, expected);
    }
}
