using PolaFormer.Detection;
using PolaFormer.Segmentation.Inference;
using PolaFormer.Server.Inference;
using PolaFormer.Server.Models;
using PolaFormer.Server.Scheduling;
using PolaFormer.Vision;

namespace PolaFormer.Server.Http;

/// <summary>Answers of <c>/v1/predict</c> as objects that are written as JSON.</summary>
internal static class PredictAnswer
{
    /// <summary>What is told of one input.</summary>
    /// <param name="name">The client's name of it.</param>
    /// <param name="outcome">What became of it.</param>
    /// <param name="model">The model.</param>
    /// <param name="options">What was asked for.</param>
    public static object Of(string name, Outcome outcome, ServedModel model, PredictOptions options)
    {
        if (outcome.Problem is { } problem)
            return new { name, error = new { status = problem.Status, detail = problem.Message } };
        Answer answer = outcome.Answer!.Value;
        var timing = new { decode_ms = outcome.Decoded.TotalMilliseconds, queue_ms = answer.Queued.TotalMilliseconds, compute_ms = answer.Computed.TotalMilliseconds, batch = answer.BatchSize };
        return answer.Result switch
        {
            ClassScores scores => new { name, predictions = Best(scores.Probabilities, model.Labels, options.Top), embedding = scores.Embedding, timing },
            PixelClasses pixels => Segmented(name, pixels.Result, options, timing),
            FoundObjects objects => Detected(name, objects, model, options, timing),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    private static IEnumerable<object> Best(float[] probabilities, IReadOnlyList<string> labels, int top)
    {
        int[] order = [.. Enumerable.Range(0, probabilities.Length)];
        Array.Sort(order, (a, b) => probabilities[a] != probabilities[b] ? probabilities[b].CompareTo(probabilities[a]) : a - b);
        return order.Take(top).Select(index => new { label = labels[index], index, probability = probabilities[index] });
    }

    private static object Segmented(string name, SegmentationResult result, PredictOptions options, object timing) => new
    {
        name,
        width = result.Map.Width,
        height = result.Map.Height,
        classes = result.Areas.Select(area =>
        {
            ClassColor color = result.Classes.Colors[area.Index];
            return new { label = area.Label, index = area.Index, pixels = area.Pixels, share = area.Share, color = new[] { (int)color.Red, color.Green, color.Blue } };
        }),
        map_png = options.WantsMaps ? Convert.ToBase64String(result.ToIndexedImage().ToPng()) : null,
        timing,
    };

    private static object Detected(string name, FoundObjects objects, ServedModel model, PredictOptions options, object timing)
    {
        ImageDetections found = options.Threshold is { } threshold ? objects.Found.From(threshold) : objects.Found;
        return new
        {
            name,
            width = objects.Width,
            height = objects.Height,
            objects = Enumerable.Range(0, found.Count).Select(i => new
            {
                label = model.Labels[found.Labels[i]],
                index = found.Labels[i],
                score = found.Scores[i],
                box = new[] { found.Boxes[i].X1, found.Boxes[i].Y1, found.Boxes[i].X2, found.Boxes[i].Y2 },
                mask = options.WantsMaps && found.Masks is { } masks ? new { size = new[] { masks[i].Height, masks[i].Width }, counts = masks[i].Counts.ToArray() } : null,
            }),
            timing,
        };
    }
}
