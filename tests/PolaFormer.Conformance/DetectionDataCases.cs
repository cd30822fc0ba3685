using System.Globalization;
using System.Text;
using System.Text.Json;
using PolaFormer.Detection;
using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Data;
using PolaFormer.Detection.Evaluation;
using PolaFormer.Detection.Masks;
using PolaFormer.Training.Optimization;
using PolaFormer.Vision;
using PolaFormer.Vision.OpenCv;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Conformance;

/// <summary>Annotations, pipelines and schedules of detection. The cases hold pixels as OpenCV has them, blue first.</summary>
internal static class DetectionDataCases
{
    /// <summary>Sizes of the same proportions.</summary>
    public static void KeepRatioSizes(FixtureCase fixture, Comparison comparison)
    {
        string[] columns = fixture.Meta.Texts("columns");
        int number = 0;
        foreach (JsonElement row in fixture.Meta.GetProperty("rows").EnumerateArray())
        {
            int height = row[0].GetInt32(), width = row[1].GetInt32(), scale = row[2].GetInt32(), other = row[3].GetInt32();
            (int newHeight, int newWidth) = KeepRatio.SizeOf(height, width, scale, other);
            for (int i = 4; i < columns.Length; i++)
            {
                double actual = columns[i] switch
                {
                    "new_h" => newHeight,
                    "new_w" => newWidth,
                    "factor" => KeepRatio.FactorOf(height, width, scale, other),
                    "w_scale" => (float)((double)newWidth / width),
                    "h_scale" => (float)((double)newHeight / height),
                    "pad_h" => (newHeight + 31) / 32 * 32,
                    "pad_w" => (newWidth + 31) / 32 * 32,
                    _ => throw new CapabilityMissingException($"there is no column {columns[i]}"),
                };
                comparison.Same($"{columns[i]} of row {number}", actual, row[i].GetDouble());
            }

            number++;
        }
    }

    /// <summary>OpenCV's bilinear and nearest pixels.</summary>
    public static void ResizePixels(FixtureCase fixture, Comparison comparison)
    {
        int number = 0;
        foreach (JsonElement call in fixture.Meta.GetProperty("calls").EnumerateArray())
        {
            int[] from = call.GetProperty("in_hw").Integers(), to = call.GetProperty("out_wh").Integers();
            byte[] pixels = fixture.Bytes($"in.image{number}"), resized = new byte[to[0] * to[1] * 3];
            BilinearResize.Apply(pixels, from[1], from[0], 3, resized, to[0], to[1]);
            comparison.Exact($"value.image{number}", DetectionCases.Wide(resized));
            byte[] mask = [.. Enumerable.Range(0, from[0] * from[1]).Select(i => (byte)(pixels[3 * i] > 128 ? 1 : 0))];
            comparison.Exact($"value.nearest{number}", DetectionCases.Wide(new BitmapMasks(from[0], from[1], [mask]).Resized(to[1], to[0]).Bitmap(0)));
            number++;
        }
    }

    /// <summary>Normalised pixels, zeros around them, and mirrored images.</summary>
    public static void Normalize(FixtureCase fixture, Comparison comparison)
    {
        int height = fixture.ShapeOf("in.image_bgr")[0], width = fixture.ShapeOf("in.image_bgr")[1];
        Image image = FromBgr(fixture.Bytes("in.image_bgr"), height, width);
        int[] padded = fixture.Meta.GetProperty("padded_shape").Integers();
        var pixels = new float[padded[0] * padded[1] * 3];
        MeanStdNormalization.ImageNet.Apply(image, pixels, padded[1]);
        comparison.Close("out.normalized_rgb", [.. Enumerable.Range(0, height * width * 3).Select(i => (double)pixels[(i / (3 * width) * 3 * padded[1]) + (i % (3 * width))])]);
        int rows = fixture.ShapeOf("value.corner")[0], columns = fixture.ShapeOf("value.corner")[1];

        // The last pixel of the image and the first zeros around it.
        comparison.Close("value.corner", [.. Enumerable.Range(0, rows * columns * 3).Select(i => (double)pixels[((height - 1 + (i / (3 * columns))) * 3 * padded[1]) + ((width - 1) * 3) + (i % (3 * columns))])], 1e-6);
        foreach ((string name, bool across, bool down) in new[] { ("horizontal", true, false), ("vertical", false, true), ("diagonal", true, true) })
        {
            byte[] source = fixture.Bytes("in.image_bgr");
            comparison.Exact($"value.flip.{name}", [.. Enumerable.Range(0, 3).SelectMany(c => new BitmapMasks(height, width, [[.. Enumerable.Range(0, height * width).Select(i => source[(3 * i) + c])]]).Flipped(across, down).Bitmap(0).Select((pixel, i) => (i, c, pixel))).OrderBy(entry => entry.i).ThenBy(entry => entry.c).Select(entry => (double)entry.pixel)]);
        }
    }

    /// <summary>Learning rates by step.</summary>
    public static void Schedule(FixtureCase fixture, Comparison comparison)
    {
        JsonElement meta = fixture.Meta, config = meta.GetProperty("lr_config");
        var schedule = new EpochStepSchedule(
            meta.GetProperty("base_lr").GetDouble(), meta.GetProperty("iters_per_epoch").GetInt64(), config.GetProperty("step").Integers(), config.GetProperty("warmup_iters").GetInt64(), config.GetProperty("warmup_ratio").GetDouble());
        if (fixture.Has("f64.lr"))
            comparison.Close("f64.lr", [.. Enumerable.Range(0, (int)fixture.ShapeOf("f64.lr").Count).Select(step => schedule.RateOf(step))], 1e-15);
        if (meta.Field("lr_at_iteration") is not { } rates)
            return;
        foreach (JsonProperty rate in rates.EnumerateObject())
            comparison.Within($"rate of step {rate.Name}", schedule.RateOf(long.Parse(rate.Name, CultureInfo.InvariantCulture)), rate.Value.GetDouble(), 1e-15);
    }

    /// <summary>A data set: categories, what is trained, results and their evaluation.</summary>
    public static void Dataset(FixtureCase fixture, Comparison comparison)
    {
        JsonElement meta = fixture.Meta;
        CocoDataset dataset = Read(meta.GetProperty("ground_truth"));
        comparison.SameList("categories", dataset.Categories.Select(category => category.Id).ToArray(), [.. meta.GetProperty("cat_ids").EnumerateArray().Select(item => item.GetInt64())]);
        foreach (JsonProperty label in meta.GetProperty("cat2label").EnumerateObject())
            comparison.Same($"label of {label.Name}", dataset.LabelOf(long.Parse(label.Name, CultureInfo.InvariantCulture)) ?? -1, label.Value.GetInt32());
        comparison.SameList("training images", dataset.TrainingImages.Select(image => image.Id).ToArray(), [.. meta.GetProperty("train_image_ids").EnumerateArray().Select(item => item.GetInt64())]);
        comparison.SameList("orientation", dataset.TrainingImages.Select(image => image.Width > image.Height ? 1 : 0).ToArray(), meta.GetProperty("train_group_flag").Integers());
        comparison.SameList("test images", dataset.Images.Select(image => image.Id).ToArray(), [.. meta.GetProperty("test_image_ids").EnumerateArray().Select(item => item.GetInt64())]);
        ImageDetections[] found = [.. dataset.Images.Select((image, i) => Found(meta.GetProperty("results")[i], image))];
        CompareResults(comparison, "bbox_json", meta, CocoResults.Of(dataset, found, hasMasks: false));
        CompareResults(comparison, "segm_json", meta, CocoResults.Of(dataset, found, hasMasks: true));
        foreach (bool isMasks in new[] { false, true })
        {
            double[] summary = CocoResults.Evaluate(dataset, found, isMasks, [100, 300, 1000]).Summary;
            string[] names = ["mAP", "mAP_50", "mAP_75", "mAP_s", "mAP_m", "mAP_l"];
            for (int i = 0; i < names.Length; i++)
            {
                string key = $"{(isMasks ? "segm" : "bbox")}_{names[i]}";
                comparison.Within(key, Math.Round(summary[i], 3), meta.GetProperty("evaluate").GetProperty(key).GetDouble(), 1e-9);
            }
        }
    }

    /// <summary>A training pipeline with the recorded draws.</summary>
    public static void Pipeline(FixtureCase fixture, Comparison comparison)
    {
        JsonElement meta = fixture.Meta;
        int height = meta.GetProperty("image").GetProperty("height").GetInt32(), width = meta.GetProperty("image").GetProperty("width").GetInt32();
        JsonElement categories = meta.GetProperty("categories");
        string file = JsonSerializer.Serialize(new
        {
            images = new[] { new { id = 1, file_name = "x.jpg", height, width } },
            annotations = meta.GetProperty("annotations"),
            categories = categories.EnumerateObject().OrderBy(entry => entry.Value.GetInt32()).Select(entry => new { id = long.Parse(entry.Name, CultureInfo.InvariantCulture), name = entry.Name }),
        });
        CocoDataset dataset = CocoReader.Read(new MemoryStream(Encoding.UTF8.GetBytes(file))).Dataset;
        bool isPolygons = meta.Field("polygons") is not null;
        (Box[] boxes, int[] labels, Box[] ignored, InstanceMasks masks) = dataset.ObjectsOf(dataset.Images[0], isPolygons);
        comparison.Close("value.parsed.bboxes", DetectionCases.Edges(boxes), 1e-3);
        comparison.Close("value.parsed.bboxes_ignore", DetectionCases.Edges(ignored), 1e-3);
        comparison.Exact("value.parsed.labels", DetectionCases.Wide(labels));
        var draws = new ListedDraws([.. meta.GetProperty("draws").EnumerateArray().Select(draw => draw.Field("index")?.GetInt32() ?? draw.GetProperty("value").GetInt32())]);
        var pipeline = new DetectionPipeline([.. meta.GetProperty("pipeline").EnumerateArray().SelectMany(Steps)]);
        var sample = new AnnotatedImage { Image = Smooth(height, width), Boxes = boxes, Labels = labels, Ignored = ignored, Masks = masks, OriginalHeight = height, OriginalWidth = width };
        DetectionInput input = pipeline.Apply(sample, draws);
        comparison.Same("draws that are left", draws.Left, 0);
        Compare(fixture, comparison, input);
    }

    private static void Compare(FixtureCase fixture, Comparison comparison, DetectionInput input)
    {
        JsonElement meta = fixture.Meta, result = meta.GetProperty("result");
        comparison.SameList("size", (int[])[input.Info.Height, input.Info.Width, 3], result.GetProperty("img_shape").Integers());
        comparison.SameList("padded size", (int[])[input.Info.PaddedHeight, input.Info.PaddedWidth, 3], result.GetProperty("pad_shape").Integers());
        comparison.Same("scale of columns", input.Info.ScaleX, result.GetProperty("scale_factor")[0].GetSingle());
        comparison.Same("scale of rows", input.Info.ScaleY, result.GetProperty("scale_factor")[1].GetSingle());
        comparison.Close("value.gt_bboxes", DetectionCases.Edges(input.Objects.Boxes), 1e-3);
        comparison.Close("value.gt_bboxes_ignore", DetectionCases.Edges(input.Objects.Ignored), 1e-3);
        comparison.Exact("value.gt_labels", DetectionCases.Wide(input.Objects.Labels));
        InstanceMasks masks = input.Objects.Masks!;
        if (masks is PolygonMasks polygons && meta.Field("polygons") is { } expected)
        {
            double[] actual = [.. polygons.Polygons.SelectMany(parts => parts.SelectMany(part => part))];
            double[] wanted = [.. expected.EnumerateArray().SelectMany(parts => DetectionRegionCases.Parts(parts).SelectMany(part => part))];
            comparison.Same("points of polygons", actual.Length, wanted.Length);
            comparison.Within("polygons", actual.Zip(wanted).Max(pair => Math.Abs(pair.First - pair.Second)), 0, 1e-3);
        }

        DetectionRegionCases.CompareMasks(comparison, "masks", [.. Enumerable.Range(0, masks.Count).Select(i => RunLengthMask.FromBitmap(masks.Bitmap(i), masks.Height, masks.Width))], meta.GetProperty("masks"), null);
        int width = input.Info.PaddedWidth;
        foreach (JsonElement check in meta.GetProperty("image_stats").GetProperty("checks").EnumerateArray())
        {
            int y = check.GetProperty("y").GetInt32(), x = check.GetProperty("x").GetInt32();
            for (int c = 0; c < 3; c++)
                comparison.Within($"pixel {y} {x} {c}", input.Pixels[(((y * width) + x) * 3) + c], check.GetProperty("v")[c].GetDouble(), 1e-5);
        }

        int[] step = meta.GetProperty("image_grid_step").Integers();
        int rows = fixture.ShapeOf("value.image_grid")[0], columns = fixture.ShapeOf("value.image_grid")[1];
        comparison.Close("value.image_grid", [.. Enumerable.Range(0, rows * columns * 3).Select(i =>
            (double)input.Pixels[((((i / (3 * columns) * step[0] * width) + (i / 3 % columns * step[1])) * 3) + (i % 3))])], 1e-5);
    }

    private static IEnumerable<IAnnotatedStep> Steps(JsonElement step)
    {
        switch (step.Text("type"))
        {
            case "Resize":
                JsonElement scale = step.GetProperty("img_scale");
                yield return new ResizeStep(scale[0].ValueKind == JsonValueKind.Array ? [.. scale.EnumerateArray().Select(item => (item[0].GetInt32(), item[1].GetInt32()))] : [(scale[0].GetInt32(), scale[1].GetInt32())]);
                break;
            case "RandomFlip":
                yield return new FlipStep();
                break;
            case "RandomCrop":
                yield return new CropStep(step.GetProperty("crop_size")[0].GetInt32(), step.GetProperty("crop_size")[1].GetInt32());
                break;
            case "AutoAugment":
                yield return new PolicyStep([.. step.GetProperty("policies").EnumerateArray().Select(policy => (IReadOnlyList<IAnnotatedStep>)[.. policy.EnumerateArray().SelectMany(Steps)])]);
                break;
            default:
                // Normalize and Pad are the end of every pipeline.
                break;
        }
    }

    private static CocoDataset Read(JsonElement truth) => CocoReader.Read(new MemoryStream(Encoding.UTF8.GetBytes(truth.GetRawText()))).Dataset;

    private static ImageDetections Found(JsonElement classes, CocoImage image)
    {
        var entries = classes.EnumerateArray().SelectMany((of, label) => of.GetProperty("dets").EnumerateArray().Select((row, i) => (Label: label, Row: row, Mask: of.GetProperty("masks")[i].GetString()!))).ToArray();
        return new ImageDetections(
            [.. entries.Select(entry => new Box(entry.Row[0].GetSingle(), entry.Row[1].GetSingle(), entry.Row[2].GetSingle(), entry.Row[3].GetSingle()))],
            [.. entries.Select(entry => entry.Row[4].GetSingle())],
            [.. entries.Select(entry => entry.Label)],
            [.. entries.Select(entry => RunLengthMask.Parse(entry.Mask, image.Height, image.Width))]);
    }

    private static void CompareResults(Comparison comparison, string name, JsonElement meta, IReadOnlyList<CocoResult> results)
    {
        JsonElement expected = meta.GetProperty(name);
        comparison.Same($"number of {name}", results.Count, expected.GetArrayLength());
        for (int i = 0; i < Math.Min(results.Count, expected.GetArrayLength()); i++)
        {
            JsonElement wanted = expected[i];
            comparison.Same($"{name} {i} image", results[i].ImageId, wanted.GetProperty("image_id").GetInt64());
            comparison.Same($"{name} {i} category", results[i].CategoryId, wanted.GetProperty("category_id").GetInt64());
            comparison.Within($"{name} {i} score", results[i].Score, wanted.GetProperty("score").GetDouble(), 1e-9);
            for (int j = 0; j < 4; j++)
                comparison.Within($"{name} {i} box {j}", results[i].Bbox[j], wanted.GetProperty("bbox")[j].GetDouble(), 1e-5);
            if (wanted.Field("segmentation") is { } mask)
                comparison.Same($"{name} {i} mask", results[i].Segmentation?.Counts, mask.Text("counts"));
        }
    }

    private static Image FromBgr(byte[] pixels, int height, int width)
    {
        byte[] exchanged = [.. pixels];
        for (int i = 0; i < exchanged.Length; i += 3)
            (exchanged[i], exchanged[i + 2]) = (exchanged[i + 2], exchanged[i]);
        return new Image(width, height, exchanged);
    }

    private static Image Smooth(int height, int width) => FromBgr(FormulaValues.SmoothBytes(height, width), height, width);
}
