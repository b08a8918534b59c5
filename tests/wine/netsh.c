/*
 * A stand-in for netsh.exe under wine, whose own prints nothing.
 *
 * netsh.txt beside it is what a prompt showed: this prints the bytes between the command line that it was given and the
 * next prompt, and never ends where that command line is not there. It exits with 1 where a file netsh.fails stands
 * beside it, and with 9 where it got more of the environment than it should.
 */
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define PROMPT "\r\nC:\\>"

static char text[1024 * 1024];

/* The path of this program with another ending. */
static void beside(char path[MAX_PATH], const char *ending)
{
    DWORD length = GetModuleFileNameA(NULL, path, MAX_PATH);
    snprintf(path + length - strlen(".exe"), MAX_PATH - length, "%s", ending);
}

int main(int count, char **arguments)
{
    char root[MAX_PATH], path[MAX_PATH], asked[256] = PROMPT "netsh";
    FILE *file;
    char *answer, *end;

    GetWindowsDirectoryA(root, sizeof root);
    const char *told = getenv("SystemRoot");
    if (told == NULL || _stricmp(told, root) != 0 || getenv("PATH") != NULL || getenv("HOME") != NULL)
        return 9;

    /* what a transcript begins with may be the first prompt itself */
    strcpy(text, "\r\n");
    beside(path, ".txt");
    file = fopen(path, "rb");
    if (file == NULL)
        return 9;
    text[2 + fread(text + 2, 1, sizeof text - 3, file)] = '\0';
    fclose(file);

    for (int i = 1; i < count; i++)
        snprintf(asked + strlen(asked), sizeof asked - strlen(asked), " %s", arguments[i]);
    strncat(asked, "\r\n", sizeof asked - strlen(asked) - 1);
    answer = strstr(text, asked);
    if (answer == NULL)
        Sleep(INFINITE);
    answer += strlen(asked);
    end = strstr(answer, PROMPT);
    _setmode(_fileno(stdout), _O_BINARY);
    fwrite(answer, 1, end == NULL ? strlen(answer) : (size_t)(end - answer + 2), stdout);

    beside(path, ".fails");
    return GetFileAttributesA(path) == INVALID_FILE_ATTRIBUTES ? 0 : 1;
}
