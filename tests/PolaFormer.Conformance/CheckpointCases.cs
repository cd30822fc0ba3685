using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.RegularExpressions;
using PolaFormer.Checkpoints;
using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Conformance;

/// <summary>The checkpoint files that lie beside a case: they load, agree with each other, and fit the model.</summary>
internal static class CheckpointCases
{
    private const string Safetensors = ".safetensors", CaseFile = "case.safetensors";

    /// <summary>Compares every checkpoint of a trained model with its safetensors twin, the case's final values, and the model's state.</summary>
    public static void RunFiles(FixtureCase fixture, Comparison comparison, Module model)
    {
        if (fixture.Meta.Field("files") is not { } files)
            return;
        JsonProperty[] descriptions = [.. files.EnumerateObject().Where(file => file.Name != CaseFile && file.Value.ValueKind == JsonValueKind.Object)];
        foreach (JsonProperty file in descriptions)
        {
            using Checkpoint checkpoint = Checkpoint.Open(fixture.PathOf(file.Name));
            CompareDescription(comparison, file, checkpoint);
            CompareState(comparison, file.Name, checkpoint, model);
            if (Path.GetExtension(file.Name) == Safetensors)
            {
                if (!IsAverage(file.Name) && TypeOf(file) == "float32")
                    CompareFinal(fixture, comparison, file.Name, checkpoint);
                continue;
            }

            foreach (string section in checkpoint.Sections.Count == 0 ? [""] : checkpoint.Sections)
            {
                JsonProperty twin = descriptions.FirstOrDefault(other =>
                    Path.GetExtension(other.Name) == Safetensors && TypeOf(other) == TypeOf(file) && IsAverage(other.Name) == IsAverage(section));
                if (twin.Name is not null)
                    CompareTwin(fixture, comparison, file.Name, section, twin.Name);
            }
        }
    }

    /// <summary>Compares files of unusual tensors and plain values with the case's contiguous ones.</summary>
    public static void RunOddities(FixtureCase fixture, Comparison comparison)
    {
        if (fixture.Meta.Field("files") is not { } files)
            throw new CapabilityMissingException("the case describes neither a model nor checkpoint files");
        foreach (JsonProperty file in files.EnumerateObject())
        {
            using Checkpoint checkpoint = Checkpoint.Open(fixture.PathOf(file.Name), new CheckpointOptions { StripModulePrefix = false });
            foreach (CheckpointEntry entry in checkpoint.Entries)
            {
                string key = fixture.Has($"f64.{entry.Name}") ? $"f64.{entry.Name}" : $"value.{entry.Name}";
                if (!fixture.Has(key))
                {
                    comparison.Fail($"{file.Name} holds {entry.Name}, for which there is no value");
                    continue;
                }

                comparison.Same($"shape of {entry.Name} in {file.Name}", entry.Shape, fixture.ShapeOf(key));
                comparison.Exact(key, FixtureCase.Widened(entry));
            }

            if (checkpoint.Metadata.Count > 0 && fixture.Meta.Field("expect")?.Field("scalars") is { } scalars)
                CompareScalars(comparison, file.Name, scalars, checkpoint.Metadata);
        }
    }

    private static void CompareDescription(Comparison comparison, JsonProperty file, Checkpoint checkpoint)
    {
        if (file.Value.Text("format") is { } format)
            comparison.Same($"format of {file.Name}", checkpoint.Format, format.Split(' ')[0] switch { "safetensors" => CheckpointFormat.Safetensors, "zip" => CheckpointFormat.TorchZip, _ => CheckpointFormat.TorchLegacy });
        if (file.Value.Field("keys") is not null)
            comparison.SameList<string>($"keys of {file.Name}", [.. checkpoint.Sections.Concat(checkpoint.Metadata.Keys).Order()], [.. file.Value.Texts("keys").Order()]);
        if (TypeOf(file) is { } type)
            comparison.Same($"types in {file.Name}", checkpoint.Entries.Where(entry => entry.DType.IsFloatingPoint()).All(entry => Named(entry.DType) == type), true);
    }

    private static void CompareState(Comparison comparison, string file, Checkpoint checkpoint, Module model) => comparison.SameList<string>(
        $"tensors of {file}",
        [.. checkpoint.Entries.Select(entry => $"{entry.Name} {entry.Shape}").Order()],
        [.. model.StateDict().Select(entry => $"{entry.Name} {entry.Tensor.Shape}").Order()]);

    private static void CompareFinal(FixtureCase fixture, Comparison comparison, string file, Checkpoint checkpoint)
    {
        foreach (string name in fixture.Suffixes("final."))
            comparison.SameList($"{name} in {file}", FixtureCase.Widened(checkpoint[name]), fixture.Doubles($"final.{name}"));
    }

    private static void CompareTwin(FixtureCase fixture, Comparison comparison, string file, string section, string twinName)
    {
        using Checkpoint checkpoint = Checkpoint.Open(fixture.PathOf(file), new CheckpointOptions { Section = section.Length == 0 ? null : section });
        using Checkpoint twin = Checkpoint.Open(fixture.PathOf(twinName));
        comparison.Same($"number of tensors in {file}", checkpoint.Entries.Count, twin.Entries.Count);
        foreach (CheckpointEntry entry in checkpoint.Entries)
            comparison.SameList($"{entry.Name} in {file} {section}", FixtureCase.Raw(entry), FixtureCase.Raw(twin[entry.Name]));
    }

    private static void CompareScalars(Comparison comparison, string file, JsonElement scalars, IReadOnlyDictionary<string, object?> metadata)
    {
        foreach (JsonProperty scalar in scalars.EnumerateObject())
        {
            string what = $"{scalar.Name} in {file}";
            if (!metadata.TryGetValue(scalar.Name, out object? value))
                comparison.Fail($"{what} is missing");
            else if (scalar.Value.ValueKind != JsonValueKind.String)
                comparison.Same(what, Text(value), Text(scalar.Value));
            else if (Regex.Match(scalar.Value.GetString()!, @"^2\*\*(\d+)") is { Success: true } power)
                comparison.Same(what, Text(value), Text(BigInteger.Pow(2, int.Parse(power.Groups[1].Value, CultureInfo.InvariantCulture))));
            else if (Regex.Match(scalar.Value.GetString()!, @"\(float64 ([\d.e+-]+)\)") is { Success: true } number)
                comparison.Same(what, Text(value), Text(double.Parse(number.Groups[1].Value, CultureInfo.InvariantCulture)));
            else if (value is string)
                comparison.Same(what, Text(value), scalar.Value.GetString());
            else
                comparison.Same($"{what} being there", value is not null, true);
        }
    }

    private static string? Text(object? value) => value switch
    {
        null or JsonElement { ValueKind: JsonValueKind.Null } => null,
        JsonElement { ValueKind: JsonValueKind.True } => bool.TrueString,
        JsonElement { ValueKind: JsonValueKind.False } => bool.FalseString,
        JsonElement number => Text(number.GetDouble()),
        long number => Text((double)number),
        double number => number.ToString("r", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };

    private static bool IsAverage(string name) => name.Contains("ema", StringComparison.Ordinal);

    // Without a type in the description the weights are float32.
    private static string? TypeOf(JsonProperty file) => (file.Value.Text("dtype") ?? "torch.float32").Replace("torch.", "", StringComparison.Ordinal);

    private static string Named(DType type) => type.ToString().ToLowerInvariant();
}
