// Turns COCO's polygons into images and masks to train a segmentation network on. Classes are named by their categories; all else is class 0, other:
// dotnet run --project samples/CocoMasks -- instances_train2017.json train2017 data training person "animal=cat,dog,horse"
using PolaFormer.Detection.Data;
using PolaFormer.Vision;

if (args.Length < 5)
{
    Console.Error.WriteLine("usage: CocoMasks ANNOTATIONS.json IMAGES OUTPUT training|validation CLASS[=CATEGORY,...]...");
    return 1;
}

const byte ignored = 255;
(string annotations, string source, string output, string part) = (args[0], args[1], args[2], args[3]);
(string Name, string[] Categories)[] classes = [.. args[4..].Select(text => text.Split('=', 2)).Select(pair => (pair[0], pair[^1].Split(',')))];
var colors = new byte[3 * (classes.Length + 1)];
for (int c = 0; c < colors.Length / 3; c++)
    (colors[3 * c], colors[(3 * c) + 1], colors[(3 * c) + 2]) = ((byte)(c * 97), (byte)(c * 57), (byte)(c * 151));

string images = Path.Combine(output, "images", part), masks = Path.Combine(output, "annotations", part);
Directory.CreateDirectory(images);
Directory.CreateDirectory(masks);
File.WriteAllLines(Path.Combine(output, "classes.txt"), ["other", .. classes.Select(c => c.Name)]);
(CocoDataset data, _) = CocoReader.Read(annotations);
Dictionary<long, string> categories = data.Categories.ToDictionary(category => category.Id, category => category.Name);
foreach (CocoImage image in data.Images)
{
    var values = new byte[image.Width * image.Height];

    // Small objects lie on large ones: a cup on a table.
    foreach (CocoAnnotation annotation in image.Annotations.OrderBy(annotation => annotation.IsCrowd ? 0 : 1).ThenByDescending(annotation => annotation.Area))
    {
        int label = 1 + Array.FindIndex(classes, c => c.Categories.Contains(categories[annotation.Category]));
        if (annotation.MaskOf(image.Height, image.Width) is not { } mask)
            continue;
        byte[] bitmap = mask.ToBitmap();
        for (int i = 0; i < values.Length; i++)
        {
            if (bitmap[i] != 0)
                values[i] = annotation.IsCrowd && label > 0 ? ignored : (byte)label;
        }
    }

    File.Copy(Path.Combine(source, image.FileName), Path.Combine(images, image.FileName), overwrite: true);
    File.WriteAllBytes(Path.Combine(masks, Path.ChangeExtension(image.FileName, ".png")), new IndexedImage(image.Width, image.Height, values, colors).ToPng());
}

Console.WriteLine($"{output}: {data.Images.Count} images with masks of {string.Join(", ", classes.Select(c => c.Name))}");
return 0;
