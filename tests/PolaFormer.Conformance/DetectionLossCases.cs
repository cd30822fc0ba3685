using PolaFormer.Detection.Configuration;
using PolaFormer.Detection.Losses;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Conformance;

/// <summary>The losses of detection with mmdetection's averages; <c>NAME.WAY</c> is the loss of a configuration averaged in a way.</summary>
internal static class DetectionLossCases
{
    /// <summary>Runs a case.</summary>
    public static void Run(FixtureCase fixture, Comparison comparison)
    {
        Dictionary<string, Tensor> inputs = [];
        foreach (string name in fixture.Suffixes("in.").Where(name => name != "labels"))
        {
            Tensor input = Tensor.From(fixture.Floats($"in.{name}"), fixture.ShapeOf($"in.{name}"));
            input.RequiresGrad = fixture.Has($"grad.in.{name}");
            inputs.Add(name, input);
        }

        int[] labels = DetectionCases.Integers(fixture, "in.labels");
        using (var tape = Tape.Start())
        {
            Tensor loss = Tensor.Zeros([]);
            foreach (string name in fixture.Suffixes("out.").ToArray())
            {
                Tensor value = name == "accuracy" ? Tensor.From([ClassLosses.Accuracy(inputs["logits"].ToArray(), labels)], [1]) : Of(fixture, name, inputs, labels);
                comparison.Close($"out.{name}", value.ToArray());
                if (fixture.Has($"cot.{name}"))
                    loss = loss + (value * Tensor.From(fixture.Floats($"cot.{name}"), value.Shape)).Sum();
            }

            tape.Backward(loss);
        }

        foreach (string name in fixture.Suffixes("grad.in."))
            comparison.Close($"grad.in.{name}", inputs[name].Grad?.ToArray() ?? new float[inputs[name].Count]);
    }

    private static Tensor Of(FixtureCase fixture, string name, Dictionary<string, Tensor> inputs, int[] labels)
    {
        string kind = name.Split('.')[0], way = name[Math.Min(name.Length, kind.Length + 1)..];
        var config = fixture.Meta.GetProperty("configs").GetProperty(kind);
        float weight = config.GetProperty("loss_weight").GetSingle(), divisor = way.StartsWith("avg0", StringComparison.Ordinal) ? 0 : fixture.Meta.GetProperty("avg_factor").GetSingle();
        Tensor Column(string key) => inputs[key].Reshape(-1, 1);
        switch (kind)
        {
            case not null when kind == "l1" || kind.StartsWith("smooth", StringComparison.Ordinal):
                BoxLoss boxes = MmdetModel.ReadBoxLoss(config);
                Tensor differences = inputs["pred"].SmoothL1(inputs["target"], boxes.Beta);
                Tensor? weights = way is "weighted" or "avg" or "avg0" or "none" ? inputs["w4"] : null;
                if (way == "avg0")
                    weights = inputs["w4"] * 0;
                return Averaged(differences, weights, way, divisor) * weight;
            case "giou":
                Tensor overlaps = (inputs["pb"].PairedBoxOverlaps(inputs["tb"], OverlapMode.Generalized) * -1) + 1;
                return way == "zero_weight" ? overlaps.Sum() * 0 : Averaged(overlaps, way == "avg" ? inputs["w4b"].Mean(1) : null, way, divisor) * weight;
            case "ce":
                return Averaged(ClassLosses.Softmax(inputs["logits"], labels), way is "avg" or "weighted_mean" ? inputs["w1"] : null, way, divisor) * weight;
            case "bce" when way == "rpn":
                return Averaged(ClassLosses.Sigmoid(inputs["logits1"], [.. labels.Select(label => label == 0 ? 0 : 1)]), Column("w1"), "avg", divisor) * weight;
            case "bce":
                return Averaged(ClassLosses.Sigmoid(inputs["cls_logits"], labels), way == "multi" ? Column("w1") : null, way == "multi" ? "avg" : way, divisor) * weight;
            case "mask":
                int classes = inputs["masks"].Shape[1];
                Tensor maps = inputs["masks"].Permute(0, 2, 3, 1);
                return ClassLosses.Mask(maps, inputs["mask_targets"], [.. labels.Select(label => Math.Min(label, classes - 1))]).Reshape(1) * weight;
            case "focal":
                Tensor rows = inputs["cls_logits"].FocalLoss(
                    Tensor.From([.. labels.Select(label => (long)label)], [labels.Length]), config.GetProperty("gamma").GetSingle(), config.GetProperty("alpha").GetSingle());
                return Averaged(rows, way is "avg" or "none" ? Column("w1") : null, way, divisor) * weight;
            default:
                throw new CapabilityMissingException($"there is no loss {name}");
        }
    }

    private static Tensor Averaged(Tensor losses, Tensor? weights, string way, float divisor) => way switch
    {
        "none" => weights is null ? losses : losses * weights,
        "sum" => losses.Sum(),
        "avg" or "avg0" => LossAverage.Of(losses, weights, divisor),
        _ => LossAverage.Mean(losses, weights),
    };
}
