using System.Globalization;
using System.Text.RegularExpressions;
using PolaFormer.Models;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Training;

namespace PolaFormer.Conformance;

/// <summary>One forward and backward pass in training mode on the case's images and labels; gradients stay in the parameters.</summary>
/// <param name="fixture">The case.</param>
/// <param name="model">The model.</param>
internal sealed class TrainingStep(FixtureCase fixture, VisionModel model)
{
    private const float DefaultSmoothing = 0.1f;

    /// <summary>Logits, mean loss, and the gradient of the images in the authors' layout.</summary>
    public readonly record struct Outcome(float[] Logits, double Loss, float[] ImageGradient);

    /// <summary>(B, 3, H, W).</summary>
    public static Shape InputShape(FixtureCase fixture) =>
        fixture.Meta.Field("input")?.Field("shape")?.ToShape() ?? throw new InvalidDataException("The case gives no shape of its input.");

    /// <summary>Runs step <paramref name="number"/> of a training run; step 0 is also the case's single step.</summary>
    public Outcome Run(int number)
    {
        using var scope = MemoryScope.Enter();
        Shape shape = InputShape(fixture);
        string name = number == 0 ? "input" : string.Create(CultureInfo.InvariantCulture, $"input.{number}");
        Tensor images = Layout.ChannelsFirst.Import(FormulaValues.Symmetric(fixture.Salt + name, shape.Count), shape);
        images.RequiresGrad = true;
        Tensor targets = SoftTargets.FromLabels(Labels(number, shape[0]), model.NumClasses, Smoothing());

        model.Train();
        model.ZeroGrad();
        using var tape = Tape.Start();
        Tensor logits = model.Forward(images);
        Tensor loss = logits.CrossEntropy(targets).Mean();
        tape.Backward(loss);
        return new Outcome(logits.ToArray(), loss.Item(), Layout.ChannelsFirst.Export(images.Grad!));
    }

    private int[] Labels(int number, int batch)
    {
        double[] labels = fixture.Has("in.labels")
            ? fixture.Doubles("in.labels")
            : [.. FormulaValues.Labels($"{fixture.Salt}labels", batch, model.NumClasses).Select(label => (double)label)];
        return [.. labels.Select(label => ((int)label + number) % model.NumClasses)];
    }

    private float Smoothing()
    {
        Match match = Regex.Match(fixture.Meta.Text("loss") ?? "", @"Smoothing\w*\(([\d.]+)\)");
        return match.Success ? float.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : DefaultSmoothing;
    }
}
