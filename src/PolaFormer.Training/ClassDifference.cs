namespace PolaFormer.Training;

/// <summary>Says how two lists of classes differ: a label is a position in such a list, so names and order must be the same.</summary>
public static class ClassDifference
{
    private const int MaxNames = 10;

    /// <summary>One clause that names both lists and their difference.</summary>
    /// <param name="first">What the first list is of: <c>the training images</c>.</param>
    /// <param name="firstClasses">Its classes.</param>
    /// <param name="second">What the second list is of.</param>
    /// <param name="secondClasses">Its classes, not all the same.</param>
    public static string Describe(string first, IReadOnlyList<string> firstClasses, string second, IReadOnlyList<string> secondClasses)
    {
        string[] onlyFirst = [.. firstClasses.Except(secondClasses)], onlySecond = [.. secondClasses.Except(firstClasses)];
        string difference = (onlyFirst.Length, onlySecond.Length) switch
        {
            (0, 0) => "they are in another order",
            (0, _) => $"{List(onlySecond)} only in {second}",
            (_, 0) => $"{List(onlyFirst)} only in {first}",
            _ => $"{List(onlyFirst)} only in {first}, {List(onlySecond)} only in {second}",
        };
        return $"the classes of {first} ({List(firstClasses)}) and of {second} ({List(secondClasses)}) differ: {difference}";
    }

    private static string List(IReadOnlyList<string> names) =>
        names.Count <= MaxNames ? string.Join(", ", names) : $"{string.Join(", ", names.Take(MaxNames))} … of {names.Count}";
}
